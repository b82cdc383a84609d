/* Steps and activity of one hub. */
#include "motion_one.h"
#include "tasuki_motion.h"
#include "motion_activity_step.h"

void tsk_activity_reset(struct tsk_activity_state *state)
{
    static const struct tsk_activity_state zero;
    *state = zero;
}

void tsk_activity_process(const struct tsk_activity_coef *coef, struct tsk_activity_state *state,
                          const float *accel, size_t n, float *out)
{
    state->phase = one_activity_run(coef, state->row, state->phase, 1, accel, n, out);
}
