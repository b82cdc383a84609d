/* Breaths from strain or impedance: a band-pass and turns with hysteresis.
 *
 * A breath is a rise and the fall after it, both larger than a share of the mean
 * deflection, and not much shallower than the breaths before (else it is noise in
 * a pause). Its time is the top, the end of inspiration. */
#include "filter_bad.h"
#include "tasuki_filters.h"

enum { LONGEST_GAP = 4096 }; /* inner samples after which the band-pass is at rest */

void tsk_breath_reset(struct tsk_breath_state *state)
{
    static const struct tsk_breath_state zero;
    *state = zero;
    state->last_at = -1;
    state->gap_at = -1;
    state->bad_at = -1;
}

static int breathe(const struct tsk_breath_coef *coef, struct tsk_breath_state *state, struct tsk_breath *out)
{
    float depth = state->turn - state->valley;
    if (state->seen < coef->settle || depth < coef->shallowest * state->depth) {
        return 0;
    }
    int64_t at = state->turn_at - coef->delay;
    int known = state->last_at >= 0 && state->gap_at <= state->last_at;
    out->sample = at * coef->decimate;
    out->interval = known ? (at - state->last_at) * coef->decimate : 0;
    state->depth += (depth - state->depth) * (state->depth > 0.0f ? 0.25f : 1.0f);
    state->last_at = at;
    return 1;
}

static int turn(const struct tsk_breath_coef *coef, struct tsk_breath_state *state, float x, struct tsk_breath *out)
{
    float least = coef->hysteresis * state->mean;
    float past = state->rising ? state->turn - x : x - state->turn;
    int breaths = 0;
    if (past > least) {
        if (state->rising) {
            breaths = breathe(coef, state, out);
        } else {
            state->valley = state->turn;
        }
        state->rising = !state->rising;
    } else if (past > 0.0f) {
        return 0;
    }
    state->turn = x;
    state->turn_at = state->now - 1;
    return breaths;
}

static int inner(const struct tsk_breath_coef *coef, struct tsk_breath_state *state, float x, struct tsk_breath *out)
{
    float y;
    tsk_biquad_f32(&coef->filter, state->delays, &x, 1, &y);
    state->now += 1;
    if (!tsk_is_good(y)) {
        state->bad_at = state->now - 1;
        return 0;
    }
    float deflection = y < 0.0f ? -y : y;
    float share = state->seen < coef->settle ? 1.0f / (float)(state->seen + 1) : coef->follow;
    state->seen += state->seen < coef->settle;
    state->mean += (deflection - state->mean) * (share > coef->follow ? share : coef->follow);
    return turn(coef, state, y, out);
}

size_t tsk_breath_process(const struct tsk_breath_coef *coef, struct tsk_breath_state *state,
                          const float *in, size_t n, size_t *used, struct tsk_breath *out, size_t room)
{
    size_t breaths = 0;
    size_t i = 0;
    for (; i < n && breaths < room; i++) {
        float x;
        int gap = state->level.missing > coef->hold;
        tsk_level_process(coef->hold, &state->level, in + i, 1, &x);
        if (tsk_is_good(x)) {
            state->gap_at = gap ? state->now : state->gap_at;
            state->block += x;
            state->good += 1;
        }
        state->phase += 1;
        if (state->phase == coef->decimate) {
            float mean = state->good > 0 ? state->block / (float)state->good : tsk_bad();
            state->block = 0.0f;
            state->phase = 0;
            state->good = 0;
            breaths += (size_t)inner(coef, state, mean, out + breaths);
        }
    }
    *used = i;
    return breaths;
}

void tsk_breath_gap(const struct tsk_breath_coef *coef, struct tsk_breath_state *state, uint64_t n)
{
    uint64_t blocks = n / (uint64_t)coef->decimate;
    uint64_t steps = blocks < LONGEST_GAP ? blocks : LONGEST_GAP;
    tsk_level_gap(coef->hold, &state->level, n);
    tsk_biquad_gap_f32(&coef->filter, state->delays, (size_t)steps);
    state->now += (int64_t)blocks;
    state->bad_at = state->now - 1;
    state->phase += (int32_t)(n % (uint64_t)coef->decimate);
    if (state->phase >= coef->decimate) {
        state->phase -= coef->decimate;
        state->now += 1;
        state->block = 0.0f;
        state->good = 0;
    }
}
