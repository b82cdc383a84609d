/* Body temperature: median of three, two exponential means, their slope, contact. */
#include "filter_bad.h"
#include "tasuki_filters.h"

void tsk_warmth_reset(struct tsk_warmth_state *state)
{
    static const struct tsk_warmth_state zero;
    *state = zero;
}

static float median3(const float *x)
{
    float low = x[0] < x[1] ? x[0] : x[1];
    float high = x[0] < x[1] ? x[1] : x[0];
    return x[2] < low ? low : x[2] > high ? high : x[2];
}

static void restart(struct tsk_warmth_state *state, float x)
{
    state->recent[0] = state->recent[1] = state->recent[2] = x;
    state->fast = state->slow = x;
    state->count = 1;
    state->inside = 0;
}

static void take(const struct tsk_warmth_coef *coef, struct tsk_warmth_state *state, float x)
{
    if (state->count == 0 || state->missing > coef->hold) {
        restart(state, x);
    }
    state->missing = 0;
    state->recent[0] = state->recent[1];
    state->recent[1] = state->recent[2];
    state->recent[2] = x;
    float middle = median3(state->recent);
    state->fast += coef->fast * (middle - state->fast);
    state->slow += coef->slow * (middle - state->slow);
}

static float slope(const struct tsk_warmth_coef *coef, const struct tsk_warmth_state *state)
{
    return coef->per_minute * (state->fast - state->slow);
}

static void judge(const struct tsk_warmth_coef *coef, struct tsk_warmth_state *state)
{
    float x = median3(state->recent);
    if (x < coef->least || x > coef->most || slope(coef, state) < -coef->fall) {
        state->inside = 0;
    } else if (state->inside < coef->settle) {
        state->inside += 1;
    }
}

void tsk_warmth_process(const struct tsk_warmth_coef *coef, struct tsk_warmth_state *state,
                        const float *in, size_t n, struct tsk_warmth *out)
{
    for (size_t i = 0; i < n; i++) {
        if (tsk_is_good(in[i])) {
            take(coef, state, in[i]);
            judge(coef, state);
        } else if (state->missing <= coef->hold) {
            state->missing += 1;
        }
        int known = state->count > 0 && state->missing <= coef->hold;
        out[i].celsius = known ? state->fast : tsk_bad();
        out[i].slope = known ? slope(coef, state) : tsk_bad();
        out[i].contact = known && state->inside >= coef->settle;
    }
}
