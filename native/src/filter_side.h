/* Biquad sections over channels that lie side by side. */
#ifndef TASUKI_FILTER_SIDE_H
#define TASUKI_FILTER_SIDE_H

#include <stddef.h>

#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON))
#define TSK_HAS_SIDE 1
#else
#define TSK_HAS_SIDE 0
#endif

enum {
    TSK_SIDE = 32,     /* channels of one tile; their delays fill the registers of a vector unit */
    TSK_SIDE_ROWS = 64 /* rows that go through one section after the other, while in the cache */
};

/* Two delays of each section and channel: a section's lie `channels` apart. */
struct tsk_side {
    const float (*c)[5];
    int sections;
    size_t channels;
    float *delays;
};

/* The cascade over at most TSK_SIDE_ROWS rows of TSK_SIDE channels, `channels` apart;
 * out may be in. Returns 0, and has changed nothing, when it met a value that is
 * not finite. */
int tsk_side_good(const struct tsk_side *side, const float *in, float *out, size_t rows);

/* The same for `width` channels in a tile of TSK_SIDE, in place, whatever the values. */
void tsk_side_tile(const struct tsk_side *side, size_t width, float *x, size_t rows);

#endif
