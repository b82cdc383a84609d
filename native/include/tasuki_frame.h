/* What a decoded frame looks like, and the constants of the wire.
 *
 * The numbers repeat protocol/tasuki_wire/layout.py; tests/native holds each of
 * them equal to it. */
#ifndef TASUKI_FRAME_H
#define TASUKI_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum tsk_layout {
    TSK_HEADER_SIZE = 16,
    TSK_CRC_SIZE = 4,
    TSK_MAX_FRAME = 254,   /* header, payload and CRC */
    TSK_MAX_STUFFED = 255, /* the same after COBS, without delimiter */
    TSK_MAX_PAYLOAD = 234,
    TSK_FLAG_PACKED = 1,   /* see tasuki_pack.h */
    TSK_FRAGMENT_SIZE = 4,
    TSK_LINK_STREAM = 255,
    TSK_STREAMS = 15,
    TSK_SLOTS = 16,
    TSK_KEY_SIZE = 16,
    TSK_NODE_SIZE = 24,
    TSK_ENTRY_SIZE = 48,
    TSK_META_SIZE = 16,
    TSK_MAX_BLOCK_FRAMES = 1024,
    TSK_MAX_BLOCK_US = 8000000
};

/* layout.FAULTS, in the order of the checks. */
enum tsk_fault {
    TSK_OK,
    TSK_LONG,
    TSK_COBS,
    TSK_SHORT,
    TSK_CRC,
    TSK_SCHEMA_MISMATCH,
    TSK_UNKNOWN_KIND,
    TSK_VERSION,
    TSK_FLAGS,
    TSK_STREAM,
    TSK_FIELD,
    TSK_LENGTH,
    TSK_FAULTS /* how many there are */
};

/* One frame, good or bad, 24 bytes. Header fields are 0 where the CRC does not
 * hold, because nothing in such bytes can be believed. Only a frame whose status
 * is TSK_OK has a body: arena[offset .. offset + length), header and payload. */
struct tsk_row {
    uint64_t time_us;
    uint32_t seq;
    uint32_t offset;
    uint16_t length;
    uint8_t status;
    uint8_t version;
    uint8_t kind;
    uint8_t stream;
    uint8_t flags;
    uint8_t reserved;
};

#endif
