/* The orientation filter of one hub. */

/* Packing single values into vectors costs more here than it saves, an eighth of the time. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize")
#endif

#include "motion_orient.h"
#include "motion_one.h"
#include "motion_orient_step.h"
#include "motion_orient_run.h"

void tsk_orient_reset(const struct tsk_orient_coef *coef, struct tsk_orient_state *state)
{
    static const struct tsk_orient_state zero;
    *state = zero;
    state->row[ROW_TURN] = 1.0f;
    state->row[ROW_TILT] = 1.0f;
    state->row[ROW_NORTH] = 1.0f;
    state->row[ROW_ANSWER] = 1.0f;
    state->row[ROW_LEVEL] = 1.0f;
    state->row[ROW_LEVEL + 4] = 1.0f;
    state->row[ROW_LEVEL + 8] = 1.0f;
    state->row[ROW_COVARIANCE] = coef->bias_start;
    state->row[ROW_COVARIANCE + 3] = coef->bias_start;
    state->row[ROW_COVARIANCE + 5] = coef->bias_start;
    state->row[ROW_REJECTED] = coef->reject_for;
    state->row[ROW_HASTE] = 1.0f;
    state->row[ROW_DISTURBED] = 1.0f;
}

void tsk_orient_process(const struct tsk_orient_coef *coef, struct tsk_orient_state *state, const float *gyro,
                        const float *accel, const float *mag, size_t n, float *out)
{
    one_orient_run(coef, state->row, 1, gyro, accel, mag, n, out);
}

void tsk_orient_gap(const struct tsk_orient_coef *coef, struct tsk_orient_state *state, uint64_t n)
{
    float longest = 2.0f * coef->hold + coef->dt;
    for (uint64_t i = 0; i < n && state->row[ROW_MISSING] < longest; i++) {
        state->row[ROW_MISSING] = one_least(state->row[ROW_MISSING] + coef->dt, longest);
    }
}
