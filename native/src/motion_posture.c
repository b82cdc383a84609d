/* Posture of one hub's wearer. */
#include "motion_one.h"
#include "tasuki_motion.h"
#include "motion_posture_step.h"

void tsk_posture_reset(struct tsk_posture_state *state)
{
    static const struct tsk_posture_state zero;
    *state = zero;
}

void tsk_posture_process(const struct tsk_posture_coef *coef, struct tsk_posture_state *state, const float *in,
                         size_t n, float *out)
{
    one_posture_run(coef, state->row, 1, in, n, out);
}
