/* Beat detector, front end: from microvolts to peaks of QRS slope energy.
 *
 * A 19-ms difference, twice smoothed by 11 ms, passes 8 to 40 Hz; its absolute
 * value summed over 100 ms is the energy. All in integers of 1/8 microvolt, so
 * the bits are the same on every processor and an added offset changes none. */
#include "beat.h"

static const float LIMIT_UV = 262144.0f;

static uint32_t lag(uint32_t head, int32_t samples, uint32_t ring)
{
    return (head - (uint32_t)samples) & (ring - 1u);
}

/* Follows the largest peaks: at once, but twofold at most, and down by an eighth at each lower one. */
static int32_t louder(int32_t loudest, int32_t top)
{
    int32_t fallen = loudest - loudest / 8;
    if (loudest > 0 && top / 2 > loudest) {
        return 2 * loudest;
    }
    return top > fallen ? top : fallen;
}

void tsk_beat_queue(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int32_t top)
{
    if (top < coef->floor) {
        return;
    }
    back->loudest = louder(back->loudest, top);
    back->usual -= back->usual / 32;
    if (back->count == TSK_BEAT_QUEUE) {
        return;
    }
    struct tsk_beat_peak *peak = &back->queue[(back->first + back->count) & (TSK_BEAT_QUEUE - 1)];
    peak->at = back->top_at - coef->delay;
    peak->r = TSK_BEAT_UNLOCATED;
    peak->energy = top;
    peak->gap_to = back->gap_from > peak->at ? back->gap_before : back->gap_to;
    peak->unsure = tsk_beat_is_step(coef, back, peak->at) ? TSK_BEAT_STEP : back->bad_at > peak->at - coef->window;
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
    diff = diff > TSK_BEAT_LARGEST_STEP ? TSK_BEAT_LARGEST_STEP : diff;
    diff = diff < -TSK_BEAT_LARGEST_STEP ? -TSK_BEAT_LARGEST_STEP : diff;
    state->acc1 += diff - state->diff[lag(head, coef->smooth, TSK_BEAT_SHORT)];
    state->diff[head & (TSK_BEAT_SHORT - 1u)] = diff;
    state->acc2 += state->acc1 - state->sum1[lag(head, coef->smooth, TSK_BEAT_SHORT)];
    state->sum1[head & (TSK_BEAT_SHORT - 1u)] = state->acc1;

    int32_t power = (state->acc2 < 0 ? -state->acc2 : state->acc2) >> coef->shift;
    state->energy += power - state->power[lag(head, coef->window, TSK_BEAT_WINDOW)];
    state->power[head & (TSK_BEAT_WINDOW - 1u)] = power;
    follow(coef, state, state->energy);
}

static inline void take(const struct tsk_beat_coef *coef, struct tsk_beat_line *line, struct tsk_beat_back *back,
                        const struct tsk_beat_ring *ring, float microvolts)
{
    if (!(microvolts >= -LIMIT_UV && microvolts <= LIMIT_UV)) {
        line->missing = tsk_beat_bad(coef, back, line->missing);
        return;
    }
    float counts = microvolts * coef->gain;
    uint32_t x = (uint32_t)(int32_t)(counts < 0.0f ? counts - 0.5f : counts + 0.5f);
    uint32_t step = x - line->base - line->held;
    if (line->missing > coef->hold || line->same + 1 >= coef->flat) {
        tsk_beat_take_flat(coef, line, back, ring, step);
        return;
    }
    line->held += step;
    line->missing = 0;
    line->same = step == 0 ? line->same + 1 : 0;
}

void tsk_beat_take(const struct tsk_beat_coef *coef, struct tsk_beat_line *line, struct tsk_beat_back *back,
                   const struct tsk_beat_ring *ring, float microvolts)
{
    take(coef, line, back, ring, microvolts);
}

static int take_block(const struct tsk_beat_coef *coef, struct tsk_beat_state *state, float microvolts)
{
    const struct tsk_beat_ring ring = {state->ring, 1, state->head};
    take(coef, &state->line, &state->back, &ring, microvolts);
    state->block += state->line.held;
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
