/* Biquad sections over one run of good samples, in place. */
#ifndef TASUKI_FILTER_WAVE_H
#define TASUKI_FILTER_WAVE_H

#include <stddef.h>

/* One section and one sample; the order of these operations is the filter's
 * definition, and every other form repeats it. */
static inline float tsk_section(const float *c, float *d1, float *d2, float x)
{
    float y = c[0] * x + *d1;
    *d1 = (c[1] * x + *d2) - c[3] * y;
    *d2 = c[2] * x - c[4] * y;
    return y;
}

/* Sections of one channel one after the other; delays holds two words for each. At
 * least one section; out may be in. */
void tsk_sections(const float (*c)[5], float *delays, int sections, const float *in, size_t n, float *out);

#endif
