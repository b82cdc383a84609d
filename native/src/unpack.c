/* The decoder: every byte is checked, whoever made it, before a record is believed. */

#include "tasuki_pack.h"

#include "bytes.h"
#include "packing.h"

/* Width bits, 0 to 16, from a bit on; p has 3 bytes more than the bits. */
static uint32_t bits_at(const uint8_t *p, size_t bit, unsigned width)
{
    p += bit / 8;
    uint32_t word = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return word << bit % 8 >> 1 >> (31 - width);
}

/* Fills the column that starts at p from n zig-zag differences; returns their bits joined by or. */
static uint32_t add_up(uint8_t *p, size_t size, const uint8_t *bytes, size_t bit, size_t n, unsigned width)
{
    uint32_t value = load16(p);
    uint32_t all = 0;
    for (; n; n--) {
        uint32_t step = bits_at(bytes, bit, width);
        bit += width;
        all |= step;
        value += step >> 1 ^ (0u - (step & 1));
        p += size;
        p[0] = (uint8_t)value;
        p[1] = (uint8_t)(value >> 8);
    }
    return all;
}

size_t tsk_unpack(const uint8_t *packed, size_t packed_len, size_t columns, uint8_t *records)
{
    size_t size = 2 * columns;
    size_t n = packed_len ? packed[0] : 0;
    if (n * size > TSK_MAX_PAYLOAD || packed_len <= size || packed_len >= n * size) {
        return 0;
    }
    uint8_t bytes[TSK_MAX_PAYLOAD + 3] = {0};
    size_t end = 8 * (packed_len - 1 - size);
    size_t bit = 0;
    memcpy(records, packed + 1, size);
    memcpy(bytes, packed + 1 + size, packed_len - 1 - size);
    for (size_t c = 0; c < columns; c++) {
        unsigned code = bits_at(bytes, bit, 4);
        unsigned width = code_width(code);
        bit += 4;
        if (bit + (n - 1) * width > end) {
            return 0;
        }
        uint32_t all = add_up(records + 2 * c, size, bytes, bit, n - 1, width);
        if (width_code(all) != code) {
            return 0;
        }
        bit += (n - 1) * width;
    }
    unsigned left = (unsigned)(end - bit);
    return left < 8 && !bits_at(bytes, bit, left) ? n * size : 0;
}
