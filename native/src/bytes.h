/* Little-endian loads that any alignment may call. */
#ifndef TASUKI_BYTES_H
#define TASUKI_BYTES_H

#include <stdint.h>
#include <string.h> /* memcpy and memset, which a freestanding compiler needs anyway */

static inline uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint16_t load16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

/* A device time: two words below 2^30, high first. */
static inline uint64_t load_time(const uint8_t *p)
{
    return (uint64_t)load32(p) << 30 | load32(p + 4);
}

static inline int same_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return 0;
        }
    }
    return 1;
}

#endif
