/* Takes an electrode's offset, and its jump over a gap, off a signal. */
#include "filter_bad.h"
#include "tasuki_filters.h"

void tsk_level_reset(struct tsk_level_state *state)
{
    static const struct tsk_level_state zero;
    *state = zero;
}

static float next(int32_t hold, struct tsk_level_state *state, float x)
{
    if (!tsk_is_good(x)) {
        state->missing += state->missing <= hold;
        return tsk_bad();
    }
    if (!state->started || state->missing > hold) {
        state->offset = x - state->held;
        state->started = 1;
    }
    state->missing = 0;
    state->held = x - state->offset;
    return state->held;
}

void tsk_level_process(int32_t hold, struct tsk_level_state *state, const float *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = next(hold, state, in[i]);
    }
}

void tsk_level_gap(int32_t hold, struct tsk_level_state *state, uint64_t n)
{
    for (; n > 0 && state->missing <= hold; n--) {
        (void)next(hold, state, tsk_bad());
    }
}
