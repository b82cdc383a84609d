/* Inner parts of the beat detector. */
#ifndef TASUKI_BEAT_H
#define TASUKI_BEAT_H

#include "tasuki_filters.h"

enum { TSK_BEAT_LANES = 16, TSK_BEAT_BAD_UNDER = 1, TSK_BEAT_STEP = 2 };

/* The R peak of a peak that was not looked for yet. */
#define TSK_BEAT_UNLOCATED INT64_MIN

/* Where samples lie: the ring of one hub, `step` words from one sample to the next. */
struct tsk_beat_ring {
    const uint32_t *samples;
    size_t step;
    uint32_t head;
};

void tsk_beat_reset_back(const struct tsk_beat_coef *coef, struct tsk_beat_back *back);

/* A bad sample; returns how many there are in a row. */
int32_t tsk_beat_bad(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int32_t missing);

/* A sample that ends or goes on with a flat line: it counts as missing, and the step
 * into the line is no beat. */
void tsk_beat_flat(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int first);

/* Queues the peak of energy `top` that has just ended. */
void tsk_beat_queue(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int32_t top);

/* Finds the R peaks of queued peaks and decides on those that are due. */
size_t tsk_beat_decide(const struct tsk_beat_coef *coef, struct tsk_beat_back *back,
                       const struct tsk_beat_ring *ring, struct tsk_beat *out);

/* Inner sample of the largest deflection near the energy centre at. */
int64_t tsk_beat_locate(const struct tsk_beat_coef *coef, const struct tsk_beat_ring *ring, int64_t now,
                        int64_t at);

#endif
