/* Posture of the wearers of TSK_LANES hubs. */
#include "tasuki_motion.h"
#include "motion_some.h"
#include "motion_posture_step.h"

void tsk_posture_process_lanes(const struct tsk_posture_coef *coef, struct tsk_posture_lanes *state,
                               const float *in, size_t n, float *out)
{
    for (size_t i = 0; i < TSK_LANES; i += WIDTH) {
        FN(posture_run)(coef, state->row[0] + i, TSK_LANES, in + i, n, out + i);
    }
}
