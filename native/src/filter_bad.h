/* What counts as a bad sample, and what stands for one in an output. */
#ifndef TASUKI_FILTER_BAD_H
#define TASUKI_FILTER_BAD_H

#include <stddef.h>
#include <stdint.h>

/* Finite, told by the exponent: one comparison, also of many samples at once. */
static inline int tsk_is_good(float x)
{
    const union {
        float value;
        uint32_t bits;
    } sample = {x};
    return (sample.bits & 0x7f800000u) != 0x7f800000u;
}

static inline int tsk_all_good(const float *x, size_t n)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        bad |= (uint32_t)!tsk_is_good(x[i]);
    }
    return !bad;
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
