/* Inner parts of the breath detector. */
#ifndef TASUKI_BREATH_H
#define TASUKI_BREATH_H

#include "tasuki_filters.h"

/* Inner sample of the end of inspiration that the present turn stands for. */
int64_t tsk_breath_top(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state);

/* How far the filtered signal must turn now to end a breath or a pause. */
float tsk_breath_least(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state);

/* 1: there was a breath, and no gap since. */
int tsk_breath_joined(const struct tsk_breath_state *state);

#endif
