/* The hub's rings: records wait in sample rings, bodies of frames in the frame
 * ring. Their states are arrays of u32 that tasuki_hub/ring.py made and that its
 * other functions read; the indices are the same there. Without MicroPython. */
#ifndef TASUKI_RINGS_H
#define TASUKI_RINGS_H

#include <stddef.h>
#include <stdint.h>

enum {
    S_HEAD, S_COUNT, S_CUT, S_HI, S_LO, S_AFTER_HI, S_AFTER_LO, S_SIZE, S_CAPACITY, S_PERIOD,
    S_KIND, S_STREAM, S_PER_FRAME, S_SEQ, S_WORDS
};
enum { F_END, F_FIRST, F_HELD, F_NEXT, F_PACKED, F_SENT, F_DROPPED, F_PACK_KINDS, F_VERSION, F_WORDS };

enum { T_RECORDS, T_LONGEST, T_LATE, T_DEADLINE, T_WORDS }; /* of a stream of sampler.py */

#define TSK_MAX_BODY 250 /* layout.MAX_FRAME without the CRC */
#define TSK_GONE 255     /* in place of the stream of a frame that was forgotten */

/* Appends n records; the oldest make room. Returns how many were lost so. */
uint32_t tsk_push(uint32_t *state, uint8_t *records, const uint8_t *from, uint32_t n);

struct tsk_samples {
    uint32_t *state;
    uint8_t *records;
};

struct tsk_frames {
    uint32_t *state;
    uint8_t *bytes;
    size_t size;
};

/* How many records the next frame takes, 0 for none yet: ring.SampleRing.ready. */
uint32_t tsk_ready(const struct tsk_samples *s, const uint32_t until[2], int flush);

/* Makes the body of the n oldest records, packed where that is shorter, and takes
 * them from the ring; returns its length, at most TSK_MAX_BODY. */
size_t tsk_body(struct tsk_samples *s, uint32_t n, const struct tsk_frames *f, uint8_t *body);

/* Where the frame behind the one at `at` stands. */
uint32_t tsk_behind(const struct tsk_frames *f, uint32_t at);

/* Keeps a body; the oldest ones make room. n is at most size - 2. */
void tsk_keep(struct tsk_frames *f, const uint8_t *body, size_t n);

/* The frame that was to be sent next goes; there is one. The next one is the first behind it
 * that was not forgotten. */
void tsk_pass(struct tsk_frames *f);

/* The oldest body that was not sent, which counts as sent then; returns its length, 0 for none. */
size_t tsk_take(struct tsk_frames *f, const uint8_t **body);

#endif
