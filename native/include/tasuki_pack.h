/* Packed payloads of sample frames (tasuki_wire.packing): records of i16 columns
 * as zig-zag differences, a bit width for each column. */
#ifndef TASUKI_PACK_H
#define TASUKI_PACK_H

#include "tasuki_frame.h"

/* Packs n records of 2 * columns bytes, together at most TSK_MAX_PAYLOAD. Returns
 * the bytes written, or 0 when that would not be less than the records take. Of
 * packed, which must not overlap, no more than 2 * n * columns bytes are touched. */
size_t tsk_pack(const uint8_t *records, size_t n, size_t columns, uint8_t *packed);

/* Unpacks to at most TSK_MAX_PAYLOAD bytes of records; returns how many, or 0 unless
 * tsk_pack would write just these bytes. */
size_t tsk_unpack(const uint8_t *packed, size_t packed_len, size_t columns, uint8_t *records);

#endif
