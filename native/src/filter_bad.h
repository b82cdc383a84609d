/* What counts as a bad sample, and what stands for one in an output. */
#ifndef TASUKI_FILTER_BAD_H
#define TASUKI_FILTER_BAD_H

#include <float.h>
#include <stdint.h>

static inline int tsk_is_good(float x)
{
    return x >= -FLT_MAX && x <= FLT_MAX;
}

/* The quiet NaN with all other bits zero, on every processor. */
static inline float tsk_bad(void)
{
    const union {
        uint32_t bits;
        float value;
    } nan = {0x7fc00000u};
    return nan.value;
}

static inline double tsk_unknown(void)
{
    const union {
        uint64_t bits;
        double value;
    } nan = {0x7ff8000000000000u};
    return nan.value;
}

#endif
