/* Inner parts of the beat detector. */
#ifndef TASUKI_BEAT_H
#define TASUKI_BEAT_H

#include "tasuki_filters.h"

/* Finds the R peaks of queued peaks and decides on those that are due. */
size_t tsk_beat_decide(const struct tsk_beat_coef *coef, struct tsk_beat_state *state,
                       struct tsk_beat *out);

/* Inner sample of the largest deflection near the energy centre at. */
int64_t tsk_beat_locate(const struct tsk_beat_coef *coef, const struct tsk_beat_state *state,
                        int64_t at);

#endif
