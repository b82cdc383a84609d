/* The fall detector of one hub. */
#include "filter_bad.h"
#include "motion_fall.h"
#include "motion_one.h"
#include "motion_fall_front.h"

void tsk_fall_reset(struct tsk_fall_state *state)
{
    for (int i = 0; i < TSK_FALL_ROWS; i++) {
        state->front.row[i] = 0.0f;
    }
    state->phase = 0;
    tsk_fall_judge_reset(&state->judge);
}

size_t tsk_fall_process(const struct tsk_fall_coef *coef, struct tsk_fall_state *state, const float *accel,
                        size_t n, struct tsk_fall *out)
{
    float *row = state->front.row;
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        one_fall_add(row, accel + 3 * i);
        if (++state->phase >= coef->decimate) {
            state->phase = 0;
            one_fall_inner(coef, row);
            found += (size_t)tsk_fall_judge(coef, &state->judge, row[FALL_MOVED], row[FALL_JERK], out + found);
        }
    }
    return found;
}

size_t tsk_fall_gap(const struct tsk_fall_coef *coef, struct tsk_fall_state *state, uint64_t n,
                    struct tsk_fall *out)
{
    const float bad[3] = {tsk_bad(), tsk_bad(), tsk_bad()};
    int64_t skipped = fall_skipped(coef, n);
    uint64_t left = n - (uint64_t)(skipped * coef->decimate);
    size_t found = 0;
    for (uint64_t i = 0; i < left; i++) {
        found += tsk_fall_process(coef, state, bad, 1, out + found);
    }
    state->judge.now += skipped;
    return found;
}
