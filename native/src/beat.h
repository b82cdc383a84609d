/* Inner parts of the beat detector. */
#ifndef TASUKI_BEAT_H
#define TASUKI_BEAT_H

#include "tasuki_filters.h"

enum {
    TSK_BEAT_LANES = 16,
    TSK_BEAT_BAD_UNDER = 1,
    TSK_BEAT_STEP = 2,
    TSK_BEAT_LARGEST_STEP = 131072 /* 16 mV in 20 ms is no heart */
};

/* The R peak of a peak that was not looked for yet. */
#define TSK_BEAT_UNLOCATED INT64_MIN

/* Where samples lie: the ring of one hub, `step` words from one sample to the next. */
struct tsk_beat_ring {
    const uint32_t *samples;
    size_t step;
    uint32_t head;
};

void tsk_beat_reset_back(const struct tsk_beat_coef *coef, struct tsk_beat_back *back);

int tsk_beat_valid_back(const struct tsk_beat_back *back);

/* A bad sample; returns how many there are in a row. */
int32_t tsk_beat_bad(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int32_t missing);

/* The next input; what it counts is in line->held then. */
void tsk_beat_take(const struct tsk_beat_coef *coef, struct tsk_beat_line *line, struct tsk_beat_back *back,
                   const struct tsk_beat_ring *ring, float microvolts);

/* The rare cases of it: after a gap, and while the line is flat. */
void tsk_beat_take_flat(const struct tsk_beat_coef *coef, struct tsk_beat_line *line,
                        struct tsk_beat_back *back, const struct tsk_beat_ring *ring, uint32_t step);

/* The latest value was repeated line->same times: finds out whether the sensor is off. */
void tsk_beat_flat(const struct tsk_beat_coef *coef, struct tsk_beat_line *line,
                   struct tsk_beat_back *back, const struct tsk_beat_ring *ring);

/* The samples from `from` until now count as missing. */
void tsk_beat_missing(struct tsk_beat_back *back, int64_t from);

/* Whether a peak is the step into the latest flat line. */
int tsk_beat_is_step(const struct tsk_beat_coef *coef, const struct tsk_beat_back *back, int64_t at);

/* Queues the peak of energy `top` that has just ended. */
void tsk_beat_queue(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int32_t top);

/* Finds the R peaks of queued peaks and decides on those that are due. */
size_t tsk_beat_decide(const struct tsk_beat_coef *coef, struct tsk_beat_back *back,
                       const struct tsk_beat_ring *ring, struct tsk_beat *out);

/* Inner sample of the largest deflection near the energy centre at. */
int64_t tsk_beat_locate(const struct tsk_beat_coef *coef, const struct tsk_beat_ring *ring, int64_t now,
                        int64_t at);

#endif
