/* The fall detector's two halves: conditioning (over lanes), judgement (one hub). */
#ifndef TASUKI_MOTION_FALL_H
#define TASUKI_MOTION_FALL_H

#include "tasuki_motion.h"

enum fall_row {
    FALL_GRAVITY = 0, /* x y z */
    FALL_LAST = 3,    /* x y z of the inner sample before */
    FALL_SUM = 6,     /* x y z of the good inputs of an unfinished inner sample */
    FALL_GOOD = 9,    /* how many */
    FALL_COUNT = 10,  /* inner samples that gravity comes from, up to 1 / share */
    FALL_BAD = 11,    /* bad inner samples in a row, up to restart + 1 */
    FALL_MOVED = 12,  /* m/s2 without gravity, of the latest inner sample; -1 when bad */
    FALL_JERK = 13,
    FALL_MEAN = 14    /* x y z of it */
};

void tsk_fall_judge_reset(struct tsk_fall_judge *judge);

/* One inner sample; returns 1 when *out was filled. */
int tsk_fall_judge(const struct tsk_fall_coef *coef, struct tsk_fall_judge *judge, float moved, float jerk,
                   struct tsk_fall *out);

/* How many whole inner samples of a gap of n inputs change nothing but the time:
 * those after a ring of bad ones. */
static inline int64_t fall_skipped(const struct tsk_fall_coef *coef, uint64_t n)
{
    uint64_t decimate = (uint64_t)coef->decimate;
    uint64_t seen = (TSK_FALL_RING + 1u) * decimate;
    return n > seen ? (int64_t)((n - seen) / decimate) : 0;
}

#endif
