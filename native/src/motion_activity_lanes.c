/* Steps and activity of TSK_LANES hubs. */
#include "tasuki_motion.h"
#include "motion_some.h"
#include "motion_activity_step.h"

void tsk_activity_process_lanes(const struct tsk_activity_coef *coef, struct tsk_activity_lanes *state,
                                const float *accel, size_t n, float *out)
{
    int32_t phase = state->phase;
    for (size_t i = 0; i < TSK_LANES; i += WIDTH) {
        float *rows = state->row[0] + i;
        state->phase = FN(activity_run)(coef, rows, phase, TSK_LANES, accel + i, n, out + i);
    }
}
