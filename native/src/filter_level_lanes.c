/* The offset of 16 hubs side by side; rows without a bad sample are plain subtraction. */
#include "filter_bad.h"
#include "tasuki_filters.h"

enum { LANES = 16 };

void tsk_level_reset_lanes(struct tsk_level_lanes *state)
{
    static const struct tsk_level_lanes zero;
    *state = zero;
}

static void with_care(int32_t hold, struct tsk_level_lanes *state, const float *in, size_t width, float *out)
{
    state->calm = 1;
    for (size_t k = 0; k < width; k++) {
        struct tsk_level_state one = {state->offset[k], state->held[k], state->missing[k], state->started[k]};
        tsk_level_process(hold, &one, &in[k], 1, &out[k]);
        state->offset[k] = one.offset;
        state->held[k] = one.held;
        state->missing[k] = one.missing;
        state->started[k] = one.started;
        state->calm &= one.started && one.missing == 0;
    }
}

static inline void plain(struct tsk_level_lanes *state, const float *in, size_t width, float *out)
{
    for (size_t k = 0; k < width; k++) {
        state->held[k] = in[k] - state->offset[k];
    }
    for (size_t k = 0; k < width; k++) {
        out[k] = state->held[k];
    }
}

void tsk_level_process_lanes(int32_t hold, struct tsk_level_lanes *state, const float *in, size_t n,
                             size_t step, size_t width, float *out)
{
    for (size_t i = 0; i < n; i++, in += step, out += step) {
        if (!state->calm || !tsk_all_good(in, width)) {
            with_care(hold, state, in, width, out);
        } else if (width == LANES) {
            plain(state, in, LANES, out); /* a constant width lets the compiler use vectors */
        } else {
            plain(state, in, width, out);
        }
    }
}
