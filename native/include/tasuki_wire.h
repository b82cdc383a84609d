/* Streaming wire decoder: COBS, CRC-32 and header checks over whole reads. */
#ifndef TASUKI_WIRE_H
#define TASUKI_WIRE_H

#include "tasuki_frame.h"

/* layout.SAMPLES, ONE, FRAGMENTS: how a payload is laid out. */
enum tsk_mode { TSK_SAMPLES, TSK_ONE, TSK_FRAGMENTS };

/* What a kind's frames must look like; one row of codec.KINDS. */
struct tsk_kind {
    uint32_t seed; /* start of the frame CRC */
    uint16_t head; /* bytes before the rows */
    uint16_t row;  /* bytes of a row, 0 when there are none */
    uint8_t known; /* 0: this version has no such kind */
    uint8_t link;  /* 1: a link message, 0: samples */
    uint8_t mode;  /* enum tsk_mode */
    uint8_t head_rest; /* 1: the head takes all that is left */
    uint8_t row_rest;  /* 1: a row takes all that is left */
    uint8_t open_tail; /* 1: later versions may append (hello) */
    uint8_t announced; /* 1: the sender's hello gave announced_seed */
    uint8_t columns;   /* of i16 in a record of a kind that may be packed, else 0 */
    uint32_t announced_seed;
};

struct tsk_wire_params {
    uint32_t crc_table[8][256]; /* slice-by-8, made by tsk_wire_init */
    uint32_t crc_folds;         /* 1: fold by carry-less multiplication; 0: tables alone */
    struct tsk_kind kinds[256];
    uint8_t oldest_version;
    uint8_t version;
    uint8_t known_flags;
    uint8_t reserved;
};

/* Between calls it holds at most the start of one frame. */
struct tsk_wire_state {
    uint64_t counts[12]; /* frames by enum tsk_fault since tsk_wire_reset */
    uint32_t held;       /* bytes in part */
    uint32_t skipping;   /* 1: inside a run that was already called long */
    uint8_t part[255];
};

/* Makes the CRC tables, picks the fastest way to compute the CRC and forgets all
 * kinds; the caller then fills the rest. */
void tsk_wire_init(struct tsk_wire_params *params);

void tsk_wire_reset(struct tsk_wire_state *state);

/* CRC-32/ISO-HDLC of n bytes from a seed, as zlib's crc32(data, seed). */
uint32_t tsk_wire_crc(const struct tsk_wire_params *params, uint32_t seed, const uint8_t *data, size_t n);

/* Decodes input until it, the rows or the arena are used up; returns how many
 * input bytes were consumed. Any split of the same bytes over calls gives the
 * same rows and bodies. Stops while fewer than TSK_MAX_FRAME bytes of the arena
 * or no row are free, so give at least that much. *rows_used and *arena_used
 * are set to what this call wrote. */
size_t tsk_wire_decode(const struct tsk_wire_params *params, struct tsk_wire_state *state,
                       const uint8_t *input, size_t input_len,
                       struct tsk_row *rows, size_t rows_len, size_t *rows_used,
                       uint8_t *arena, size_t arena_len, size_t *arena_used);

/* Bytes of the records that tsk_wire_samples would join, unpacked. */
size_t tsk_wire_sample_bytes(const struct tsk_row *rows, size_t rows_len, const uint8_t *arena, size_t arena_len,
                             uint8_t stream, uint8_t kind, uint16_t record_size);

/* Joins the records of one stream's intact frames of one kind, unpacked where they
 * were packed, and gives every record its time: the header's, then one period_us
 * further per record. record_size is that of the kind. Returns
 * the bytes written to out; times gets one value per record_size bytes. Stops
 * before a frame that does not fit. */
size_t tsk_wire_samples(const struct tsk_row *rows, size_t rows_len, const uint8_t *arena, size_t arena_len,
                        uint8_t stream, uint8_t kind, uint16_t record_size, uint32_t period_us,
                        uint8_t *out, size_t out_len, uint64_t *times, size_t times_len);

#endif
