/* Breaths from strain or impedance: a band-pass and turns with hysteresis.
 *
 * A breath is a rise and the fall after it, both larger than a share of the mean
 * deflection (less the longer one is waited for), and not much shallower than the
 * breaths before (else it is noise in a pause). Its end of inspiration is the
 * highest sample near the filter's top. */
#include <float.h>

#include "breath.h"
#include "filter_bad.h"

enum {
    LONGEST_GAP = 4096, /* inner samples after which the band-pass is at rest */
    RING = TSK_BREATH_RING - 1,
    RECENT = TSK_BREATH_RECENT - 1
};

void tsk_breath_reset(struct tsk_breath_state *state)
{
    static const struct tsk_breath_state zero;
    *state = zero;
    state->last_at = -1;
    state->gap_at = -1;
}

int tsk_breath_valid(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state)
{
    return state->head >= 0 && state->head < TSK_BREATH_RECENT && state->breaths >= 0
           && state->breaths <= TSK_BREATH_RECENT && state->phase >= 0 && state->phase < coef->decimate;
}

int64_t tsk_breath_top(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state)
{
    int64_t centre = state->turn_at - coef->delay;
    int64_t from = centre - coef->reach;
    int64_t to = centre + coef->reach;
    int64_t top = centre;
    float highest = -FLT_MAX;
    from = from < state->now - TSK_BREATH_RING ? state->now - TSK_BREATH_RING : from;
    to = to > state->now - 1 ? state->now - 1 : to;
    for (int64_t at = from < 0 ? 0 : from; at <= to; at++) {
        float x = state->ring[at & RING];
        if (x > highest) { /* false for NaN */
            highest = x;
            top = at;
        }
    }
    return top < 0 ? 0 : top;
}

float tsk_breath_least(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state)
{
    float least = coef->hysteresis * state->mean;
    if (state->interval > 0.0f) {
        float waited = (float)(state->now - 1 - state->last_at) / state->interval;
        float share = 1.0f + coef->patience - waited;
        least *= share > 1.0f ? 1.0f : share < coef->least ? coef->least : share;
    }
    return least;
}

int tsk_breath_joined(const struct tsk_breath_state *state)
{
    return state->last_at >= 0 && state->gap_at <= state->last_at;
}

static void follow_interval(struct tsk_breath_state *state, float interval)
{
    float most = 2.0f * state->interval;
    if (state->interval <= 0.0f) {
        state->interval = interval;
    } else {
        state->interval += ((interval < most ? interval : most) - state->interval) * 0.2f;
    }
}

/* How far the signal itself moved while it was in the ring. */
static float moved(const struct tsk_breath_state *state)
{
    float lowest = FLT_MAX;
    float highest = -FLT_MAX;
    int32_t held = state->now < TSK_BREATH_RING ? (int32_t)state->now : TSK_BREATH_RING;
    for (int32_t i = 0; i < held; i++) {
        float x = state->ring[i];
        lowest = x < lowest ? x : lowest;
        highest = x > highest ? x : highest;
    }
    return highest - lowest;
}

static int breathe(const struct tsk_breath_coef *coef, struct tsk_breath_state *state, struct tsk_breath *out)
{
    float depth = state->turn - state->valley;
    if (state->seen < coef->settle) {
        return 0;
    }
    if (depth < coef->shallowest * state->depth) {
        state->depth -= state->now - 1 - state->last_at > coef->lost ? 0.125f * state->depth : 0.0f;
        return 0;
    }
    int64_t top = tsk_breath_top(coef, state);
    if (moved(state) < coef->shallowest * state->depth) {
        return 0; /* only the filter swings back, from where breathing stopped */
    }
    int joined = tsk_breath_joined(state);
    int64_t sample = top * coef->decimate;
    int64_t before = state->recent[(state->head - 1) & RECENT];
    if (state->last_at >= 0 && sample <= before) {
        return 0; /* two turns of the filter around one top */
    }
    if (joined) {
        follow_interval(state, (float)(state->turn_at - state->last_at));
    }
    out->sample = sample;
    out->interval = joined ? sample - before : 0;
    state->recent[state->head] = sample;
    state->known &= ~((uint64_t)1 << state->head);
    state->known |= (uint64_t)joined << state->head;
    state->head = (state->head + 1) & RECENT;
    state->breaths += state->breaths < TSK_BREATH_RECENT;
    if (state->depth > 0.0f) {
        float most = coef->deepest * state->depth;
        state->depth += ((depth < most ? depth : most) - state->depth) * 0.25f;
    } else {
        state->depth = depth;
    }
    state->last_at = state->turn_at;
    return 1;
}

static int turn(const struct tsk_breath_coef *coef, struct tsk_breath_state *state, float x, struct tsk_breath *out)
{
    float past = state->rising ? state->turn - x : x - state->turn;
    int breaths = 0;
    if (past > tsk_breath_least(coef, state)) {
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
    state->ring[state->now & RING] = x;
    state->now += 1;
    if (!tsk_is_good(y)) {
        return 0;
    }
    float deflection = y < 0.0f ? -y : y;
    float most = coef->largest * state->mean;
    if (state->seen < coef->settle) {
        state->seen += 1;
        float share = 1.0f / (float)state->seen;
        state->mean += (deflection - state->mean) * (share > coef->follow ? share : coef->follow);
    } else {
        state->mean += ((deflection < most ? deflection : most) - state->mean) * coef->follow;
    }
    state->value = y;
    return turn(coef, state, y, out);
}

/* One input; 1 when a breath was decided. */
static int take(const struct tsk_breath_coef *coef, struct tsk_breath_state *state, float in, struct tsk_breath *out)
{
    float x;
    int gap = state->level.missing > coef->hold;
    tsk_level_process(coef->hold, &state->level, &in, 1, &x);
    if (tsk_is_good(x)) {
        state->gap_at = gap ? state->now : state->gap_at;
        state->block += x;
        state->good += 1;
    }
    state->phase += 1;
    if (state->phase < coef->decimate) {
        return 0;
    }
    float mean = state->good > 0 ? state->block / (float)state->good : tsk_bad();
    state->block = 0.0f;
    state->phase = 0;
    state->good = 0;
    return inner(coef, state, mean, out);
}

size_t tsk_breath_process(const struct tsk_breath_coef *coef, struct tsk_breath_state *state,
                          const float *in, size_t n, size_t *used, struct tsk_breath *out, size_t room)
{
    size_t breaths = 0;
    size_t i = 0;
    for (; i < n && breaths < room; i++) {
        breaths += (size_t)take(coef, state, in[i], out + breaths);
    }
    *used = i;
    return breaths;
}

size_t tsk_breath_gap(const struct tsk_breath_coef *coef, struct tsk_breath_state *state, uint64_t n,
                      struct tsk_breath *out)
{
    size_t breaths = 0;
    uint64_t steps = (uint64_t)coef->decimate * LONGEST_GAP;
    for (; n > 0 && (steps > 0 || state->phase > 0); n--) {
        breaths += (size_t)take(coef, state, tsk_bad(), out);
        steps -= steps > 0;
    }
    state->now += (int64_t)(n / (uint64_t)coef->decimate);
    for (n %= (uint64_t)coef->decimate; n > 0; n--) {
        take(coef, state, tsk_bad(), out);
    }
    return breaths;
}
