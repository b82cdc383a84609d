/* Beat detector, back end: which energy peaks are beats.
 *
 * A peak waits 250 ms. It is a beat when it lies above a level that falls with the
 * time since the last beat, above the noise, above half a beat while a T wave may
 * come, and when no larger peak followed it. Both levels follow the signal. */
#include "beat.h"
#include "filter_bad.h"

static struct tsk_beat_peak *queued(struct tsk_beat_state *state, int32_t place)
{
    return &state->queue[(state->first + place) & (TSK_BEAT_QUEUE - 1)];
}

static int32_t share(int32_t level, int32_t of_256)
{
    return (int32_t)((int64_t)level * of_256 / 256);
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static void locate_due(const struct tsk_beat_coef *coef, struct tsk_beat_state *state)
{
    while (state->located < state->count) {
        struct tsk_beat_peak *peak = queued(state, state->located);
        if (state->now <= peak->at + coef->reach + coef->baseline) {
            return;
        }
        peak->r = tsk_beat_locate(coef, state, peak->at);
        state->located += 1;
    }
}

/* The first level: the largest peak, or the mean of the two largest where they agree. */
static void learn(const struct tsk_beat_coef *coef, struct tsk_beat_state *state)
{
    int32_t first = 0;
    int32_t second = 0;
    for (int32_t i = 0; i < state->count; i++) {
        int32_t energy = queued(state, i)->energy;
        if (energy > first) {
            second = first;
            first = energy;
        } else if (energy > second) {
            second = energy;
        }
    }
    if (first == 0) {
        int64_t again = coef->learn + 1; /* a gap may have skipped several turns */
        state->learn_to += (state->now - state->learn_to + coef->learn) / again * again;
        return;
    }
    state->learn_to = -1;
    state->signal = second > share(first, 102) ? first / 2 + second / 2 : first;
    state->noise = state->signal / 10;
}

static int32_t threshold(const struct tsk_beat_coef *coef, const struct tsk_beat_state *state, int64_t since)
{
    int64_t ticks = since > state->rr / 16 ? state->rr : since * 16;
    int32_t level = share(state->signal, coef->level - (int32_t)(coef->level_fall * ticks / state->rr));
    int32_t early = (int32_t)(coef->noise_early * (state->rr - ticks) / state->rr);
    int32_t noise = smaller(share(state->noise, coef->noise + early), share(state->signal, coef->noise_most));
    level = larger(level, noise);
    if (since < coef->t_wave) {
        level = larger(level, smaller(share(state->last_energy, coef->t_level), state->signal));
    }
    return level;
}

/* 1: a larger peak follows, 0: none does, -1: not known yet. */
static int overtaken(const struct tsk_beat_coef *coef, struct tsk_beat_state *state)
{
    const struct tsk_beat_peak *peak = queued(state, 0);
    int32_t larger_than = share(peak->energy, coef->overtake);
    for (int32_t i = 1; i < state->count; i++) {
        const struct tsk_beat_peak *next = queued(state, i);
        if (next->at - peak->at < coef->ahead && next->energy > larger_than) {
            return 1;
        }
    }
    if (state->rising && state->top_at - coef->delay - peak->at < coef->ahead) {
        return -1;
    }
    return state->now <= peak->at + coef->ahead + coef->delay ? -1 : 0;
}

static int32_t confidence(const struct tsk_beat_state *state, const struct tsk_beat_peak *peak, int32_t level)
{
    int64_t above = (int64_t)(peak->energy - level) * 512 / state->signal;
    int64_t clean = 256 - (int64_t)state->noise * 256 / state->signal;
    above = above > 256 ? 256 : above;
    clean = clean < 0 ? 0 : clean;
    return (int32_t)(above * clean / (peak->unsure ? 512 : 256));
}

static void accept(const struct tsk_beat_coef *coef, struct tsk_beat_state *state,
                   const struct tsk_beat_peak *peak, int32_t level, struct tsk_beat *out)
{
    int known = state->last_r >= 0 && state->last_r > peak->gap_to;
    out->sample = peak->r * coef->decimate + coef->decimate / 2;
    out->time_s = (double)out->sample / coef->rate_hz;
    out->rr_s = known ? (double)((peak->r - state->last_r) * coef->decimate) / coef->rate_hz : tsk_unknown();
    out->confidence = confidence(state, peak, level) / 256.0;
    if (known) {
        int64_t interval = peak->at - state->last_at;
        state->rr += ((int32_t)(interval < coef->learn ? interval : coef->learn) * 16 - state->rr) / 8;
    }
    state->signal += (smaller(peak->energy, state->signal + state->signal / 2) - state->signal) / 8;
    state->last_at = peak->at;
    state->last_r = peak->r;
    state->last_energy = peak->energy;
}

static void refuse(const struct tsk_beat_coef *coef, struct tsk_beat_state *state,
                   const struct tsk_beat_peak *peak, int64_t since)
{
    if (since >= coef->refractory && peak->energy < state->signal) {
        state->noise += (peak->energy - state->noise) / 8;
    }
    if (since > coef->learn) {
        state->signal = larger(state->signal - state->signal / 8, coef->floor);
    }
}

/* Decides on the oldest peak; -1 when it must wait, else the number of beats. */
static int decide_oldest(const struct tsk_beat_coef *coef, struct tsk_beat_state *state, struct tsk_beat *out)
{
    struct tsk_beat_peak *peak = queued(state, 0);
    int64_t since = state->last_r < 0 ? coef->learn : peak->at - state->last_at;
    int32_t level = threshold(coef, state, since);
    int beat = since >= coef->refractory && peak->energy >= level;
    if (beat && peak->energy / 8 > state->signal) {
        state->signal += state->signal / 2;
        return 0;
    }
    if (beat) {
        int larger_follows = overtaken(coef, state);
        if (larger_follows < 0) {
            return -1;
        }
        beat = !larger_follows;
    }
    if (beat) {
        accept(coef, state, peak, level, out);
    } else {
        refuse(coef, state, peak, since);
    }
    return beat;
}

/* Nothing can change before this sample, so nobody needs to look. */
static void set_wake(const struct tsk_beat_coef *coef, struct tsk_beat_state *state)
{
    int64_t wake = INT64_MAX;
    if (state->learn_to >= 0) {
        wake = state->learn_to;
    } else if (state->located > 0) {
        wake = queued(state, 0)->at + coef->ahead + coef->delay;
    }
    if (state->located < state->count) {
        int64_t locate = queued(state, state->located)->at + coef->reach + coef->baseline;
        wake = locate < wake ? locate : wake;
    }
    state->wake = wake;
}

size_t tsk_beat_decide(const struct tsk_beat_coef *coef, struct tsk_beat_state *state, struct tsk_beat *out)
{
    size_t beats = 0;
    locate_due(coef, state);
    if (state->learn_to >= 0 && (state->now > state->learn_to || state->count == TSK_BEAT_QUEUE)) {
        learn(coef, state);
    }
    while (state->learn_to < 0 && state->located > 0) {
        int decided = decide_oldest(coef, state, out + beats);
        if (decided < 0) {
            break;
        }
        beats += (size_t)decided;
        state->first = (state->first + 1) & (TSK_BEAT_QUEUE - 1);
        state->count -= 1;
        state->located -= 1;
    }
    set_wake(coef, state);
    return beats;
}
