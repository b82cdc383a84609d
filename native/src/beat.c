/* Beat detector, front end: from microvolts to peaks of QRS slope energy.
 *
 * A 20-ms difference, twice smoothed by 12 ms, passes 8 to 40 Hz; its absolute
 * value summed over 100 ms is the energy. All in integers of 1/8 microvolt, so
 * the bits are the same on every processor and an added offset changes none. */
#include "beat.h"

static const float LIMIT_UV = 262144.0f;
static const int32_t LARGEST_STEP = 131072; /* 16 mV in 20 ms is no heart */

static uint32_t lag(uint32_t head, int32_t samples, uint32_t ring)
{
    return (head - (uint32_t)samples) & (ring - 1u);
}

/* Whether a peak is the step into the latest flat line. */
static int is_step(const struct tsk_beat_coef *coef, const struct tsk_beat_back *back, int64_t at)
{
    return at >= back->flat_from - coef->reach && at <= back->flat_from + coef->window;
}

void tsk_beat_queue(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int32_t top)
{
    if (top < coef->floor || back->count == TSK_BEAT_QUEUE) {
        return;
    }
    struct tsk_beat_peak *peak = &back->queue[(back->first + back->count) & (TSK_BEAT_QUEUE - 1)];
    peak->at = back->top_at - coef->delay;
    peak->r = TSK_BEAT_UNLOCATED;
    peak->energy = top;
    peak->gap_to = back->gap_from > peak->at ? back->gap_before : back->gap_to;
    peak->unsure = is_step(coef, back, peak->at) ? TSK_BEAT_STEP : back->bad_at > peak->at - coef->window;
    back->count += 1;
    int64_t located = peak->at + coef->reach + coef->baseline;
    if (back->wake > located) {
        back->wake = located;
    }
}

static void follow(const struct tsk_beat_coef *coef, struct tsk_beat_state *state, int32_t energy)
{
    struct tsk_beat_back *back = &state->back;
    int64_t at = back->now - 1;
    if (back->rising) {
        if (energy > state->top) {
            state->top = energy;
            back->top_at = at;
        } else if (energy < state->top - state->top / 4 - state->top / 8 || at - back->top_at >= coef->top) {
            tsk_beat_queue(coef, back, state->top);
            back->rising = 0;
            state->valley = energy;
        }
    } else if (energy < state->valley) {
        state->valley = energy;
    } else if (energy > state->valley + state->valley / 2 + state->valley / 8) {
        back->rising = 1;
        state->top = energy;
        back->top_at = at;
    }
}

static void push(const struct tsk_beat_coef *coef, struct tsk_beat_state *state, uint32_t x)
{
    uint32_t head = state->head++;
    state->back.now += 1;
    state->ring[head & (TSK_BEAT_RING - 1u)] = x;

    int32_t diff = (int32_t)(x - state->ring[lag(head, coef->slope, TSK_BEAT_RING)]);
    diff = diff > LARGEST_STEP ? LARGEST_STEP : diff < -LARGEST_STEP ? -LARGEST_STEP : diff;
    state->acc1 += diff - state->diff[lag(head, coef->smooth, TSK_BEAT_SHORT)];
    state->diff[head & (TSK_BEAT_SHORT - 1u)] = diff;
    state->acc2 += state->acc1 - state->sum1[lag(head, coef->smooth, TSK_BEAT_SHORT)];
    state->sum1[head & (TSK_BEAT_SHORT - 1u)] = state->acc1;

    int32_t power = (state->acc2 < 0 ? -state->acc2 : state->acc2) >> coef->shift;
    state->energy += power - state->power[lag(head, coef->window, TSK_BEAT_WINDOW)];
    state->power[head & (TSK_BEAT_WINDOW - 1u)] = power;
    follow(coef, state, state->energy);
}

static void note_gap(struct tsk_beat_back *back, int64_t from)
{
    if (back->gap_to < back->now - 1) {
        back->gap_before = back->gap_to;
        back->gap_from = from;
    }
    back->gap_to = back->now;
}

int32_t tsk_beat_bad(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int32_t missing)
{
    back->bad_at = back->now;
    if (missing <= coef->hold) {
        missing += 1;
    }
    if (missing > coef->hold) {
        note_gap(back, back->now - coef->hold);
    }
    return missing;
}

void tsk_beat_flat(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int first)
{
    if (first) {
        back->flat_from = back->now - coef->flat / coef->decimate;
        for (int32_t i = 0; i < back->count; i++) {
            struct tsk_beat_peak *peak = &back->queue[(back->first + i) & (TSK_BEAT_QUEUE - 1)];
            peak->unsure = is_step(coef, back, peak->at) ? TSK_BEAT_STEP : peak->unsure;
        }
    }
    back->bad_at = back->now;
    note_gap(back, back->flat_from);
}

/* The input as a wrapping count of eighths of a microvolt that a gap does not make jump. */
static uint32_t take(const struct tsk_beat_coef *coef, struct tsk_beat_state *state, float microvolts)
{
    if (!(microvolts >= -LIMIT_UV && microvolts <= LIMIT_UV)) {
        state->missing = tsk_beat_bad(coef, &state->back, state->missing);
        return state->held;
    }
    float counts = microvolts * coef->gain;
    uint32_t x = (uint32_t)(int32_t)(counts < 0.0f ? counts - 0.5f : counts + 0.5f);
    int repeated = state->started && x - state->base == state->held;
    if (repeated && state->same == coef->flat) {
        tsk_beat_flat(coef, &state->back, 0);
    } else if (!state->started || state->missing > coef->hold) {
        state->base = x - state->held;
        state->started = 1;
        state->missing = 0;
        state->same = 0;
    } else {
        state->held = x - state->base;
        state->missing = 0;
        state->same = repeated ? state->same + 1 : 0;
        if (state->same == coef->flat) {
            tsk_beat_flat(coef, &state->back, 1);
            state->missing = coef->hold + 1;
        }
    }
    return state->held;
}

static int take_block(const struct tsk_beat_coef *coef, struct tsk_beat_state *state, float microvolts)
{
    state->block += take(coef, state, microvolts);
    state->phase += 1;
    if (state->phase < coef->decimate) {
        return 0;
    }
    push(coef, state, state->block);
    state->block = 0;
    state->phase = 0;
    return 1;
}

size_t tsk_beat_process(const struct tsk_beat_coef *coef, struct tsk_beat_state *state,
                        const float *in, size_t n, size_t *used,
                        struct tsk_beat *out, size_t room)
{
    size_t beats = 0;
    size_t i = 0;
    while (i < n && room - beats >= TSK_BEAT_QUEUE) {
        if (take_block(coef, state, in[i++]) && state->back.now > state->back.wake) {
            const struct tsk_beat_ring ring = {state->ring, 1, state->head};
            beats += tsk_beat_decide(coef, &state->back, &ring, out + beats);
        }
    }
    *used = i;
    return beats;
}

size_t tsk_beat_gap(const struct tsk_beat_coef *coef, struct tsk_beat_state *state,
                    uint64_t n, struct tsk_beat *out, size_t room)
{
    const float missing = 3e38f;
    uint64_t drain = (uint64_t)(coef->decimate * TSK_BEAT_RING);
    size_t beats = 0;
    size_t used;
    for (; n > 0 && (drain > 0 || state->phase > 0); n--) {
        beats += tsk_beat_process(coef, state, &missing, 1, &used, out + beats, room - beats);
        drain -= drain > 0;
    }
    int64_t skipped = (int64_t)(n / (uint64_t)coef->decimate);
    if (skipped > 0) {
        state->back.now += skipped;
        state->back.gap_to = state->back.bad_at = state->back.now - 1;
        n -= (uint64_t)skipped * (uint64_t)coef->decimate;
    }
    for (; n > 0; n--) {
        beats += tsk_beat_process(coef, state, &missing, 1, &used, out + beats, room - beats);
    }
    return beats;
}
