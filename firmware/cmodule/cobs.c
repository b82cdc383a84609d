#include "cobs.h"

size_t tsk_cobs_encode(uint8_t *out, const uint8_t *in, size_t n)
{
    const uint8_t *end = in + n;
    uint8_t *code = out;
    uint8_t *to = out + 1;
    while (in < end) {
        uint8_t byte = *in++;
        if (byte) {
            *to++ = byte;
            if (to - code < 255 || in == end) {
                continue;
            }
        }
        *code = (uint8_t)(to - code);
        code = to++;
    }
    *code = (uint8_t)(to - code);
    return (size_t)(to - out);
}

ptrdiff_t tsk_cobs_decode(uint8_t *out, const uint8_t *in, size_t n)
{
    uint8_t *to = out;
    size_t i = 0;
    while (i < n) {
        size_t code = in[i];
        if (code == 0 || code > n - i) {
            return -1 - 2 * (ptrdiff_t)i;
        }
        size_t end = i + code;
        for (i++; i < end; i++) {
            if (in[i] == 0) {
                return -2 - 2 * (ptrdiff_t)i;
            }
            *to++ = in[i];
        }
        if (code < 255 && i < n) {
            *to++ = 0;
        }
    }
    return to - out;
}

/* Half a byte at a time: 64 bytes of flash, where native/src/crc32.c, made for
 * whole captures, asks for 8 KiB of RAM. */
uint32_t tsk_crc(uint32_t before, const uint8_t *data, size_t n)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = ~before;
    while (n--) {
        crc ^= *data++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}
