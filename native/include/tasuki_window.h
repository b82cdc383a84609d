/* The frames that wait for their epoch, and the check of an epoch against them. */
#ifndef TASUKI_WINDOW_H
#define TASUKI_WINDOW_H

#include "tasuki_hash.h"

/* A ring of recent frame bodies with an index by stream and seq; when it is full
 * the oldest goes. All memory is the caller's.
 *
 * Two different frames with one stream and seq: the later one replaces the
 * earlier and is marked. The host asks for a resend only after something failed,
 * so what comes later is the better guess, and the frames of a hub that rebooted
 * unnoticed replace those of its past life. Whoever can inject frames can so
 * hold up an epoch, as cutting the line would, but never change one: the check
 * names the marked frames, the caller drops and asks for them again.
 *
 * A frame that consent refuses leaves a marker without content, so that its
 * block is known as refused, not lost. It stays refused if it comes again, and a
 * refused resend removes what was held. */
struct tsk_window {
    uint8_t *ring;
    size_t ring_len;  /* a power of two, at least 1024; the ring is aligned to 8 */
    uint64_t *index;  /* TSK_STREAMS rows of index_len: place in the ring, 0 none */
    size_t index_len; /* a power of two, at least TSK_MAX_BLOCK_FRAMES */
    uint64_t head;
    uint64_t tail;
    uint64_t evicted;    /* frames that went before their epoch came */
    uint64_t duplicates; /* frames that were held already */
    uint64_t conflicts;  /* frames held with other content */
    uint64_t refused;    /* frames that consent kept out */
};

/* What became of one entry of an opening. */
enum tsk_entry_status {
    TSK_ENTRY_PROVED,   /* all frames, or their leaves, give the entry's root */
    TSK_ENTRY_MISSING,  /* some frames are neither held nor given as leaf */
    TSK_ENTRY_REFUSED,  /* consent kept frames out; the block is not made */
    TSK_ENTRY_ALTERED,  /* frames or leaves do not give the entry's root */
    TSK_ENTRY_BAD_FRAME /* proved, but kind or time breaks the rules */
};

/* Answers of tsk_epoch_check; below zero the opening cannot be used. */
enum tsk_epoch_status {
    TSK_EPOCH_DONE = 0,       /* every entry was decided: look at each */
    TSK_EPOCH_INCOMPLETE = 1, /* frames are missing; nothing was hashed or gathered */
    TSK_EPOCH_OPENING = -1,   /* secret, meta and entries do not give the signed root */
    TSK_EPOCH_BOUNDS = -2,    /* an entry breaks a bound, or two share a stream */
    TSK_EPOCH_SPACE = -3      /* the frames do not fit into the caller's memory */
};

struct tsk_entry_result {
    uint32_t count;   /* frames that the entry names */
    uint32_t held;    /* of which are held */
    uint32_t missing; /* neither held nor given as leaf */
    uint32_t doubted; /* held, but marked by a conflict */
    uint32_t bytes;   /* of the held bodies */
};

/* What the check found. Gathered frames of proved entries lie one after the
 * other, in the order of the entries. */
struct tsk_epoch {
    uint8_t keys[256];  /* 16 slot keys */
    uint8_t nodes[744]; /* slot tree, see tsk_slot_tree */
    uint8_t status[16]; /* enum tsk_entry_status of each entry */
    struct tsk_entry_result entries[15];
};

/* Memory for one epoch's frames. */
struct tsk_gather {
    uint8_t *frames;
    size_t frames_len;
    uint16_t *lengths; /* of each gathered body */
    uint16_t *places;  /* its index in its entry */
    size_t places_len; /* of lengths and places each */
    uint8_t *leaves;   /* to work in, TSK_MAX_BLOCK_FRAMES of 24 bytes */
    size_t frames_used;
    size_t places_used;
};

/* The memory is given by the four first fields, which stand already. */
void tsk_window_clear(struct tsk_window *window);

/* Takes the intact sample frames of a decoded batch. keep has a byte for each
 * row, 0 where consent refuses the frame; a null keep keeps all. */
void tsk_window_put(struct tsk_window *window, const struct tsk_row *rows, size_t rows_len,
                    const uint8_t *arena, size_t arena_len, const uint8_t *keep);

/* Checks an opening against the signed root and the held frames against its
 * entries: kind_is_sample has a byte per kind. supplement is null, or holds
 * 24 bytes for each frame of all entries in order, with a byte of given for each
 * that counts. With final set, entries are decided although others miss frames. */
int tsk_epoch_check(const struct tsk_window *window, int sha, const uint8_t kind_is_sample[256],
                    const uint8_t root[24], const uint8_t secret[16], const uint8_t meta[16],
                    const uint8_t *entries, size_t entries_len,
                    const uint8_t *supplement, const uint8_t *given, size_t supplement_len, int final,
                    struct tsk_epoch *epoch, struct tsk_gather *gather);

/* One byte per frame of a run: 0 absent, 1 held, 2 held but doubted, 3 refused. */
void tsk_window_look(const struct tsk_window *window, uint8_t stream, uint32_t first_seq, size_t count,
                     uint8_t *states);

/* Forgets a run of frames; with doubted set only those that a conflict marked. */
void tsk_window_drop(struct tsk_window *window, uint8_t stream, uint32_t first_seq, size_t count, int doubted);

/* Forgets all frames of an opening's entries. */
void tsk_window_release(struct tsk_window *window, const uint8_t *entries, size_t entries_len);

/* Counts, per stream, the held frames from seq next[stream] on. */
void tsk_window_tail(const struct tsk_window *window, const uint32_t next[15], uint32_t counts[15]);

#endif
