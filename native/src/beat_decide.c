/* Beat detector, back end: which energy peaks are beats.
 *
 * A peak waits 250 ms. It is a beat when it lies above a level that falls with the
 * time since the last beat, above the noise, above half a beat while a T wave may
 * come, and when no larger peak followed it. Both levels follow the signal. */
#include "beat.h"
#include "filter_bad.h"

static struct tsk_beat_peak *queued(struct tsk_beat_back *back, int32_t place)
{
    return &back->queue[(back->first + place) & (TSK_BEAT_QUEUE - 1)];
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

static void locate_due(const struct tsk_beat_coef *coef, struct tsk_beat_back *back,
                       const struct tsk_beat_ring *ring)
{
    while (back->located < back->count) {
        struct tsk_beat_peak *peak = queued(back, back->located);
        if (back->now <= peak->at + coef->reach + coef->baseline) {
            return;
        }
        if (back->learn_to >= 0) { /* decided only after its samples have left the ring */
            peak->r = tsk_beat_locate(coef, ring, back->now, peak->at);
        }
        back->located += 1;
    }
}

/* The first level: the largest peak, or the mean of the two largest where they agree. */
static void learn(const struct tsk_beat_coef *coef, struct tsk_beat_back *back)
{
    int32_t first = 0;
    int32_t second = 0;
    for (int32_t i = 0; i < back->count; i++) {
        int32_t energy = queued(back, i)->unsure == TSK_BEAT_STEP ? 0 : queued(back, i)->energy;
        if (energy > first) {
            second = first;
            first = energy;
        } else if (energy > second) {
            second = energy;
        }
    }
    if (first == 0) {
        int64_t again = coef->learn + 1; /* a gap may have skipped several turns */
        back->learn_to += (back->now - back->learn_to + coef->learn) / again * again;
        return;
    }
    back->learn_to = -1;
    back->signal = second > share(first, 102) ? first / 2 + second / 2 : first;
    back->noise = back->signal / 10;
}

static int32_t threshold(const struct tsk_beat_coef *coef, const struct tsk_beat_back *back, int64_t since)
{
    int64_t ticks = since > back->rr / 16 ? back->rr : since * 16;
    int32_t level = share(back->signal, coef->level - (int32_t)(coef->level_fall * ticks / back->rr));
    int32_t early = (int32_t)(coef->noise_early * (back->rr - ticks) / back->rr);
    int32_t noise = smaller(share(back->noise, coef->noise + early), share(back->signal, coef->noise_most));
    level = larger(level, noise);
    if (since < coef->t_wave) {
        level = larger(level, smaller(share(back->last_energy, coef->t_level), back->signal));
    }
    return level;
}

/* 1: a larger peak follows, 0: none does, -1: not known yet. */
static int overtaken(const struct tsk_beat_coef *coef, struct tsk_beat_back *back)
{
    const struct tsk_beat_peak *peak = queued(back, 0);
    int32_t larger_than = share(peak->energy, coef->overtake);
    for (int32_t i = 1; i < back->count; i++) {
        const struct tsk_beat_peak *next = queued(back, i);
        int no_step = next->unsure != TSK_BEAT_STEP;
        if (no_step && next->at - peak->at < coef->ahead && next->energy > larger_than) {
            return 1;
        }
    }
    if (back->rising && back->top_at - coef->delay - peak->at < coef->ahead) {
        return -1;
    }
    return back->now <= peak->at + coef->ahead + coef->delay ? -1 : 0;
}

static int32_t confidence(const struct tsk_beat_back *back, const struct tsk_beat_peak *peak, int32_t level)
{
    int64_t above = (int64_t)(peak->energy - level) * 512 / back->signal;
    int64_t clean = 256 - (int64_t)back->noise * 256 / back->signal;
    above = above > 256 ? 256 : above;
    clean = clean < 0 ? 0 : clean;
    return (int32_t)(above * clean / (peak->unsure ? 512 : 256));
}

static void accept(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, const struct tsk_beat_ring *ring,
                   struct tsk_beat_peak *peak, int32_t level, struct tsk_beat *out)
{
    if (peak->r == TSK_BEAT_UNLOCATED) {
        peak->r = tsk_beat_locate(coef, ring, back->now, peak->at);
    }
    int known = back->last_r >= 0 && back->last_r > peak->gap_to;
    out->sample = peak->r * coef->decimate + coef->decimate / 2;
    out->time_s = (double)out->sample / coef->rate_hz;
    out->rr_s = known ? (double)((peak->r - back->last_r) * coef->decimate) / coef->rate_hz : tsk_unknown();
    out->confidence = confidence(back, peak, level) / 256.0;
    if (known) {
        int64_t interval = peak->at - back->last_at;
        back->rr += ((int32_t)(interval < coef->learn ? interval : coef->learn) * 16 - back->rr) / 8;
        back->rr = larger(back->rr, 1); /* as it is, unless the state came from outside */
    }
    back->signal += (smaller(peak->energy, back->signal + back->signal / 2) - back->signal) / 8;
    back->signal = larger(back->signal, 1);
    back->last_at = peak->at;
    back->last_r = peak->r;
    back->last_energy = peak->energy;
}

static void refuse(const struct tsk_beat_coef *coef, struct tsk_beat_back *back,
                   const struct tsk_beat_peak *peak, int64_t since)
{
    if (since >= coef->refractory && peak->energy < back->signal) {
        back->noise += (peak->energy - back->noise) / 8;
    }
    if (since > coef->learn && since > back->rr * 3 / 32) { /* and half as long again as is usual */
        back->signal = larger(back->signal - back->signal / 8, coef->floor);
    }
}

/* Decides on the oldest peak; -1 when it must wait, else the number of beats. */
static int decide_oldest(const struct tsk_beat_coef *coef, struct tsk_beat_back *back,
                         const struct tsk_beat_ring *ring, struct tsk_beat *out)
{
    struct tsk_beat_peak *peak = queued(back, 0);
    int64_t since = back->last_r < 0 ? coef->learn : peak->at - back->last_at;
    int32_t level = threshold(coef, back, since);
    if (peak->unsure == TSK_BEAT_STEP) {
        return 0;
    }
    int beat = since >= coef->refractory && peak->energy >= level;
    if (beat && peak->energy / 8 > back->signal) {
        back->signal += back->signal / 2;
        return 0;
    }
    if (beat) {
        int larger_follows = overtaken(coef, back);
        if (larger_follows < 0) {
            return -1;
        }
        beat = !larger_follows;
    }
    if (beat) {
        accept(coef, back, ring, peak, level, out);
    } else {
        refuse(coef, back, peak, since);
    }
    return beat;
}

/* Nothing can change before this sample, so nobody needs to look. */
static void set_wake(const struct tsk_beat_coef *coef, struct tsk_beat_back *back)
{
    int64_t wake = INT64_MAX;
    if (back->learn_to >= 0) {
        wake = back->learn_to;
    } else if (back->located > 0) {
        wake = queued(back, 0)->at + coef->ahead + coef->delay;
    }
    if (back->located < back->count) {
        int64_t locate = queued(back, back->located)->at + coef->reach + coef->baseline;
        wake = locate < wake ? locate : wake;
    }
    back->wake = wake;
}

size_t tsk_beat_decide(const struct tsk_beat_coef *coef, struct tsk_beat_back *back,
                       const struct tsk_beat_ring *ring, struct tsk_beat *out)
{
    size_t beats = 0;
    locate_due(coef, back, ring);
    if (back->learn_to >= 0 && (back->now > back->learn_to || back->count == TSK_BEAT_QUEUE)) {
        learn(coef, back);
    }
    while (back->learn_to < 0 && back->located > 0) {
        int decided = decide_oldest(coef, back, ring, out + beats);
        if (decided < 0) {
            break;
        }
        beats += (size_t)decided;
        back->first = (back->first + 1) & (TSK_BEAT_QUEUE - 1);
        back->count -= 1;
        back->located -= 1;
    }
    set_wake(coef, back);
    return beats;
}
