/* The fall detector of TSK_LANES hubs: conditioned side by side, judged one by one. */
#include "filter_bad.h"
#include "motion_fall.h"
#include "motion_some.h"
#include "motion_fall_front.h"

static void condition(const struct tsk_fall_coef *coef, float *rows, const float *accel, int ends)
{
    V s[TSK_FALL_ROWS], a[3];
    for (size_t i = 0; i < TSK_FALL_ROWS; i++) {
        s[i] = FN(load)(rows + i * TSK_LANES);
    }
    for (size_t i = 0; i < 3; i++) {
        a[i] = FN(load)(accel + i * TSK_LANES);
    }
    FN(fall_add)(s, a);
    if (ends) {
        FN(fall_inner)(coef, s);
    }
    for (size_t i = 0; i < TSK_FALL_ROWS; i++) {
        FN(store)(s[i], rows + i * TSK_LANES);
    }
}

void tsk_fall_reset_lanes(struct tsk_fall_lanes *state)
{
    float *row = state->front.row[0];
    for (int i = 0; i < TSK_FALL_ROWS * TSK_LANES; i++) {
        row[i] = 0.0f;
    }
    state->phase = 0;
    state->reserved = 0;
    for (int i = 0; i < TSK_LANES; i++) {
        tsk_fall_judge_reset(&state->judge[i]);
    }
}

static size_t judge_all(const struct tsk_fall_coef *coef, struct tsk_fall_lanes *state, struct tsk_fall *out)
{
    size_t found = 0;
    for (int32_t lane = 0; lane < TSK_LANES; lane++) {
        float moved = state->front.row[FALL_MOVED][lane], jerk = state->front.row[FALL_JERK][lane];
        if (tsk_fall_judge(coef, &state->judge[lane], moved, jerk, out + found)) {
            out[found++].lane = lane;
        }
    }
    return found;
}

size_t tsk_fall_process_lanes(const struct tsk_fall_coef *coef, struct tsk_fall_lanes *state, const float *accel,
                              size_t n, struct tsk_fall *out)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        int ends = ++state->phase >= coef->decimate;
        for (size_t lane = 0; lane < TSK_LANES; lane += WIDTH) {
            condition(coef, state->front.row[0] + lane, accel + 3 * TSK_LANES * i + lane, ends);
        }
        if (ends) {
            state->phase = 0;
            found += judge_all(coef, state, out + found);
        }
    }
    return found;
}

size_t tsk_fall_gap_lanes(const struct tsk_fall_coef *coef, struct tsk_fall_lanes *state, uint64_t n,
                          struct tsk_fall *out)
{
    float bad[3 * TSK_LANES];
    for (int i = 0; i < 3 * TSK_LANES; i++) {
        bad[i] = tsk_bad();
    }
    int64_t skipped = fall_skipped(coef, n);
    uint64_t left = n - (uint64_t)(skipped * coef->decimate);
    size_t found = 0;
    for (uint64_t i = 0; i < left; i++) {
        found += tsk_fall_process_lanes(coef, state, bad, 1, out + found);
    }
    for (int i = 0; i < TSK_LANES; i++) {
        state->judge[i].now += skipped;
    }
    return found;
}
