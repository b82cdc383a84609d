/* A job for the driver, and the filters that it knows. */
#ifndef TASUKI_TEST_JOB_H
#define TASUKI_TEST_JOB_H

#include <stdint.h>

struct job {
    uint32_t filter;
    uint32_t coef;    /* bytes */
    uint32_t state;   /* bytes */
    uint32_t samples;
    uint32_t sample;  /* bytes of one */
    uint32_t result;  /* bytes of one */
    uint32_t piece;   /* samples in one call */
    uint32_t reserved;
};

/* n samples at `in`; returns how many results are at `out`. */
typedef uint32_t filter(const void *coef, void *state, const void *in, uint32_t n, void *out);

enum { FILTERS = 11 };

extern filter *const filters[FILTERS];

#endif
