/* COBS (Cheshire and Baker 1999) and the frame's CRC, without MicroPython. */
#ifndef TASUKI_COBS_H
#define TASUKI_COBS_H

#include <stddef.h>
#include <stdint.h>

/* Room that n bytes need when stuffed. */
#define TSK_STUFFED(n) ((n) + ((n) ? ((n) + 253) / 254 : 1))

/* Stuffs n bytes; returns the length. out has TSK_STUFFED(n) bytes and does not
 * overlap the input. */
size_t tsk_cobs_encode(uint8_t *out, const uint8_t *in, size_t n);

/* Unstuffs n bytes into at most n; returns the length, -1 - 2i for a code at i
 * that is 0 or points past the end, -2 - 2i for a zero at i. out may be in. */
ptrdiff_t tsk_cobs_decode(uint8_t *out, const uint8_t *in, size_t n);

/* CRC-32/ISO-HDLC of n bytes, continued from the CRC of what went before. */
uint32_t tsk_crc(uint32_t before, const uint8_t *data, size_t n);

#endif
