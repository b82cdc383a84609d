/* How a frame lies in the ring, for window.c and epoch.c. */
#ifndef TASUKI_WINDOW_INNER_H
#define TASUKI_WINDOW_INNER_H

#include "tasuki_window.h"

#include "bytes.h"

/* Offsets in layout.ENTRY. */
enum entry_offset {
    ENTRY_STREAM = 0,
    ENTRY_KIND = 1,
    ENTRY_FIRST = 2,
    ENTRY_COUNT = 6,
    ENTRY_T0 = 8,
    ENTRY_T1 = 16,
    ENTRY_ROOT = 24
};

enum record_state { RECORD_DEAD, RECORD_HELD, RECORD_DOUBTED, RECORD_REFUSED };

/* 8 bytes, then the body, then zero to 7 bytes of padding. */
struct record {
    uint32_t seq;
    uint16_t length;
    uint8_t stream;
    uint8_t state; /* enum record_state */
};

/* The live record of a frame, or null. */
struct record *tsk_window_find(const struct tsk_window *window, uint32_t stream, uint32_t seq);

#endif
