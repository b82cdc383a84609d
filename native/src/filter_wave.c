/* Sections of one channel, four at a time where the processor has vectors.
 *
 * In a wave, lane s works on sample t - s, so that all four sections of a step are
 * independent; the ramps at both ends are done one by one. Each lane does the
 * operations of tsk_section in their order, so the bits are the same. */
#include "filter_wave.h"

static inline void run(const float (*c)[5], float *delays, int sections, float *x, size_t n)
{
    float d1[4];
    float d2[4];
    for (int s = 0; s < sections; s++) {
        d1[s] = delays[2 * s];
        d2[s] = delays[2 * s + 1];
    }
    for (size_t i = 0; i < n; i++) {
        float y = x[i];
        for (int s = 0; s < sections; s++) {
            y = tsk_section(c[s], &d1[s], &d2[s], y);
        }
        x[i] = y;
    }
    for (int s = 0; s < sections; s++) {
        delays[2 * s] = d1[s];
        delays[2 * s + 1] = d2[s];
    }
}

#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON))

typedef float lanes __attribute__((vector_size(16)));
typedef int order __attribute__((vector_size(16)));

static inline lanes column(const float (*c)[5], int i)
{
    return (lanes){c[0][i], c[1][i], c[2][i], c[3][i]};
}

static void four(const float (*c)[5], float *delays, float *x, size_t n)
{
    if (n < 4) {
        run(c, delays, 4, x, n);
        return;
    }
    for (int s = 0; s < 3; s++) {
        run(c + s, delays + 2 * s, 1, x, (size_t)(3 - s));
    }
    const lanes b0 = column(c, 0), b1 = column(c, 1), b2 = column(c, 2);
    const lanes a1 = column(c, 3), a2 = column(c, 4);
    lanes d1 = {delays[0], delays[2], delays[4], delays[6]};
    lanes d2 = {delays[1], delays[3], delays[5], delays[7]};
    lanes in = {x[3], x[2], x[1], x[0]};
    for (size_t i = 3;; i++) {
        lanes y = b0 * in + d1;
        d1 = (b1 * in + d2) - a1 * y;
        d2 = b2 * in - a2 * y;
        x[i - 3] = y[3];
        if (i + 1 == n) {
            x[n - 3] = y[2];
            x[n - 2] = y[1];
            x[n - 1] = y[0];
            break;
        }
        in = __builtin_shuffle(y, (order){0, 0, 1, 2});
        in[0] = x[i + 1];
    }
    for (int s = 0; s < 4; s++) {
        delays[2 * s] = d1[s];
        delays[2 * s + 1] = d2[s];
    }
    for (int s = 1; s < 4; s++) {
        run(c + s, delays + 2 * s, 1, x + n - s, (size_t)s);
    }
}

#else

static void four(const float (*c)[5], float *delays, float *x, size_t n)
{
    run(c, delays, 4, x, n);
}

#endif

void tsk_sections(const float (*c)[5], float *delays, int sections, float *x, size_t n)
{
    for (; sections >= 4; sections -= 4, c += 4, delays += 8) {
        four(c, delays, x, n);
    }
    switch (sections) {
    case 1: run(c, delays, 1, x, n); break;
    case 2: run(c, delays, 2, x, n); break;
    case 3: run(c, delays, 3, x, n); break;
    default: break;
    }
}
