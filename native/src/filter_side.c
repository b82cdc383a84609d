/* Sections of many channels, 16 or 32 at a time.
 *
 * Each lane does the operations of tsk_section in their order, so the bits are
 * those of one channel alone. */
#include "filter_side.h"

#if TSK_HAS_SIDE

#include "filter_bad.h"

/* Vectors that may lie anywhere a float may. */
typedef float four __attribute__((vector_size(16), aligned(4), may_alias));
#define TARGET
#define VECTOR four
#define SECTION section_of_16
#include "filter_side_lanes.h"
#undef TARGET
#undef VECTOR
#undef SECTION

static void narrow(const float *c, float *d1, float *d2, const float *in, size_t in_step,
                   float *out, size_t out_step, size_t rows)
{
    const int half = TSK_SIDE / 2;
    section_of_16(c, d1, d2, in, in_step, out, out_step, rows);
    section_of_16(c, d1 + half, d2 + half, in + half, in_step, out + half, out_step, rows);
}

#if defined(__x86_64__)

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));
#define TARGET __attribute__((target("avx2")))
#define VECTOR eight
#define SECTION section_of_32
#include "filter_side_lanes.h"

static void section(const float *c, float *d1, float *d2, const float *in, size_t in_step,
                    float *out, size_t out_step, size_t rows)
{
    if (__builtin_cpu_supports("avx2")) {
        section_of_32(c, d1, d2, in, in_step, out, out_step, rows);
    } else {
        narrow(c, d1, d2, in, in_step, out, out_step, rows);
    }
}

#else

static void section(const float *c, float *d1, float *d2, const float *in, size_t in_step,
                    float *out, size_t out_step, size_t rows)
{
    narrow(c, d1, d2, in, in_step, out, out_step, rows);
}

#endif

static void copy(float *to, const float *from, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        to[k] = from[k];
    }
}

int tsk_side_good(const struct tsk_side *side, const float *in, float *out, size_t rows)
{
    float x[TSK_SIDE_ROWS * TSK_SIDE];
    float before[2][TSK_SIDE];
    size_t channels = side->channels;
    float *d1 = side->delays;
    copy(before[0], d1, TSK_SIDE);
    copy(before[1], d1 + channels, TSK_SIDE);
    section(side->c[0], d1, d1 + channels, in, channels, x, TSK_SIDE, rows);
    /* a bad value at any time leaves the first delay bad for ever: it feeds back
     * through a1, and 0 times infinity is NaN */
    if (!tsk_all_good(d1, TSK_SIDE)) {
        copy(d1, before[0], TSK_SIDE);
        copy(d1 + channels, before[1], TSK_SIDE);
        return 0;
    }
    int last = side->sections - 1;
    for (int s = 1; s < last; s++) {
        d1 += 2u * channels;
        section(side->c[s], d1, d1 + channels, x, TSK_SIDE, x, TSK_SIDE, rows);
    }
    if (last > 0) {
        d1 += 2u * channels;
        section(side->c[last], d1, d1 + channels, x, TSK_SIDE, out, channels, rows);
    } else {
        for (size_t i = 0; i < rows; i++) {
            copy(out + i * channels, x + i * TSK_SIDE, TSK_SIDE);
        }
    }
    return 1;
}

void tsk_side_tile(const struct tsk_side *side, size_t width, float *x, size_t rows)
{
    float d[2][TSK_SIDE] = {{0}};
    float *d1 = side->delays;
    for (int s = 0; s < side->sections; s++, d1 += 2u * side->channels) {
        copy(d[0], d1, width);
        copy(d[1], d1 + side->channels, width);
        section(side->c[s], d[0], d[1], x, TSK_SIDE, x, TSK_SIDE, rows);
        copy(d1, d[0], width);
        copy(d1 + side->channels, d[1], width);
    }
}

#else

int tsk_side_good(const struct tsk_side *side, const float *in, float *out, size_t rows)
{
    (void)side, (void)in, (void)out, (void)rows;
    return 0;
}

void tsk_side_tile(const struct tsk_side *side, size_t width, float *x, size_t rows)
{
    (void)side, (void)width, (void)x, (void)rows;
}

#endif
