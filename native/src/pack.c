/* The encoder; the hub's C module uses it too, so it divides by nothing and keeps
 * no table. */

#include "tasuki_pack.h"

#include "bytes.h"
#include "packing.h"

struct sink {
    uint8_t *at;
    uint32_t held; /* bits not yet written, at the low end */
    unsigned bits; /* how many, below 8 between calls */
};

static void put(struct sink *sink, uint32_t value, unsigned width)
{
    sink->held = sink->held << width | value;
    sink->bits += width;
    while (sink->bits >= 8) {
        sink->bits -= 8;
        *sink->at++ = (uint8_t)(sink->held >> sink->bits);
    }
}

/* Zig-zag of the difference modulo 2^16: small for small steps up and down. */
static uint32_t zigzag(uint32_t value, uint32_t before)
{
    uint32_t step = value - before;
    return (step << 1 ^ (0u - (step >> 15 & 1))) & 0xffff;
}

static uint32_t column_bits(const uint8_t *column, size_t n, size_t size)
{
    uint32_t all = 0;
    for (size_t i = 1; i < n; i++) {
        column += size;
        all |= zigzag(load16(column), load16(column - size));
    }
    return all;
}

size_t tsk_pack(const uint8_t *records, size_t n, size_t columns, uint8_t *packed)
{
    size_t size = 2 * columns;
    uint8_t *end = packed + n * size;
    if (n < 2) {
        return 0;
    }
    packed[0] = (uint8_t)n;
    memcpy(packed + 1, records, size);
    struct sink sink = {packed + 1 + size, 0, 0};
    for (size_t c = 0; c < columns; c++) {
        const uint8_t *column = records + 2 * c;
        unsigned code = width_code(column_bits(column, n, size));
        unsigned width = code_width(code);
        if ((sink.bits + 4 + (n - 1) * width + 7) / 8 >= (size_t)(end - sink.at)) {
            return 0;
        }
        put(&sink, code, 4);
        for (size_t i = 1; i < n; i++) {
            column += size;
            put(&sink, zigzag(load16(column), load16(column - size)), width);
        }
    }
    if (sink.bits) {
        put(&sink, 0, 8 - sink.bits);
    }
    return (size_t)(sink.at - packed);
}
