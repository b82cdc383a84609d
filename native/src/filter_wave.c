/* Sections of one channel, four at a time where the processor has vectors.
 *
 * In a wave, lane s works on sample t - 2 s, so that all four sections of a step are
 * independent, and what one hands to the next has a step's time to get there: a step
 * lasts as long as a section's own feedback. The ramps at both ends are done one by
 * one. Each lane does the operations of tsk_section in their order, so the bits are
 * the same. */
#include "filter_wave.h"

static inline void run(const float (*c)[5], float *delays, int sections, const float *in, size_t n, float *out)
{
    float d1[4];
    float d2[4];
    for (int s = 0; s < sections; s++) {
        d1[s] = delays[2 * s];
        d2[s] = delays[2 * s + 1];
    }
    for (size_t i = 0; i < n; i++) {
        float y = in[i];
        for (int s = 0; s < sections; s++) {
            y = tsk_section(c[s], &d1[s], &d2[s], y);
        }
        out[i] = y;
    }
    for (int s = 0; s < sections; s++) {
        delays[2 * s] = d1[s];
        delays[2 * s + 1] = d2[s];
    }
}

#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON))

typedef float lanes __attribute__((vector_size(16)));
typedef int order __attribute__((vector_size(16)));

enum { LATE = 6 }; /* by how many samples the last section is behind the first */

/* What each section takes in this step and in the next, and its delays. */
struct wave {
    lanes now, next, d1, d2;
};

static inline lanes column(const float (*c)[5], int i)
{
    return (lanes){c[0][i], c[1][i], c[2][i], c[3][i]};
}

static inline lanes behind(float first, lanes y)
{
#if defined(__clang__)
    lanes moved = __builtin_shufflevector(y, y, 0, 0, 1, 2);
#else
    lanes moved = __builtin_shuffle(y, (order){0, 0, 1, 2});
#endif
    moved[0] = first;
    return moved;
}

/* One sample more for the first section; returns one of the last. */
static inline float step(struct wave *w, const lanes c[5], float coming)
{
    lanes y = c[0] * w->now + w->d1;
    w->d1 = (c[1] * w->now + w->d2) - c[3] * y;
    w->d2 = c[2] * w->now - c[4] * y;
    w->now = w->next;
    w->next = behind(coming, y);
    return y[3];
}

static void four(const float (*c)[5], float *delays, const float *in, size_t n, float *out)
{
    if (n < LATE + 2) {
        run(c, delays, 4, in, n, out);
        return;
    }
    float ramp[LATE];
    for (size_t i = 0; i < LATE; i++) {
        ramp[i] = in[i];
    }
    for (int s = 0; s < 3; s++) {
        run(c + s, delays + 2 * s, 1, ramp, (size_t)(LATE - 2 * s), ramp);
    }
    const lanes columns[5] = {column(c, 0), column(c, 1), column(c, 2), column(c, 3), column(c, 4)};
    struct wave w = {
        {in[LATE], ramp[4], ramp[2], ramp[0]},
        {in[LATE + 1], ramp[5], ramp[3], ramp[1]},
        {delays[0], delays[2], delays[4], delays[6]},
        {delays[1], delays[3], delays[5], delays[7]},
    };
    size_t last = n - LATE;
    for (size_t i = 0; i < last - 2; i++) {
        out[i] = step(&w, columns, in[i + LATE + 2]);
    }
    out[last - 2] = step(&w, columns, 0);
    out[last - 1] = step(&w, columns, 0);
    for (int s = 0; s < 4; s++) {
        delays[2 * s] = w.d1[s];
        delays[2 * s + 1] = w.d2[s];
    }
    for (int s = 1; s < 4; s++) {
        float *from = out + n - 2 * s;
        from[0] = w.now[s];
        from[1] = w.next[s];
        run(c + s, delays + 2 * s, 1, from, (size_t)(2 * s), from);
    }
}

#else

static void four(const float (*c)[5], float *delays, const float *in, size_t n, float *out)
{
    run(c, delays, 4, in, n, out);
}

#endif

void tsk_sections(const float (*c)[5], float *delays, int sections, const float *in, size_t n, float *out)
{
    for (; sections >= 4; sections -= 4, c += 4, delays += 8, in = out) {
        four(c, delays, in, n, out);
    }
    switch (sections) {
    case 1: run(c, delays, 1, in, n, out); break;
    case 2: run(c, delays, 2, in, n, out); break;
    case 3: run(c, delays, 3, in, n, out); break;
    default: break;
    }
}
