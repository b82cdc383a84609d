/* Ring of frame bodies. Places count up for ever and are taken modulo the ring;
 * place 0 is never used, so that 0 can mean none. */

#include "window.h"

static uint64_t *index_of(const struct tsk_window *window, uint32_t stream, uint32_t seq)
{
    return &window->index[stream * window->index_len + (seq & (window->index_len - 1))];
}

static struct record *record_at(const struct tsk_window *window, uint64_t place)
{
    return (struct record *)(void *)(window->ring + (place & (window->ring_len - 1)));
}

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

struct record *tsk_window_find(const struct tsk_window *window, uint32_t stream, uint32_t seq)
{
    uint64_t place = *index_of(window, stream, seq);
    if (!place) {
        return 0;
    }
    struct record *record = record_at(window, place);
    return record->seq == seq ? record : 0;
}

void tsk_window_clear(struct tsk_window *window)
{
    memset(window->index, 0, TSK_STREAMS * window->index_len * sizeof *window->index);
    memset(window->ring, 0, window->ring_len);
    window->head = window->tail = window->ring_len;
}

/* Wipes the content too: what was refused or is done with does not linger. */
static void kill(struct tsk_window *window, struct record *record)
{
    *index_of(window, record->stream, record->seq) = 0;
    record->state = RECORD_DEAD;
    memset(record + 1, 0, record->length);
}

/* Frees the oldest records: the dead ones always, a live one when told. */
static void advance(struct tsk_window *window, int live_too)
{
    while (window->tail < window->head) {
        struct record *record = record_at(window, window->tail);
        if (record->state != RECORD_DEAD) {
            if (!live_too) {
                return;
            }
            window->evicted += record->state != RECORD_REFUSED;
            kill(window, record);
            live_too = 0;
        }
        window->tail += sizeof *record + padded(record->length);
    }
}

/* Room for a record and n bytes that does not wrap around. */
static struct record *allocate(struct tsk_window *window, size_t n)
{
    size_t need = sizeof(struct record) + padded(n);
    size_t left = window->ring_len - (size_t)(window->head & (window->ring_len - 1));
    size_t skip = left < need ? left : 0;
    while (window->ring_len - (size_t)(window->head - window->tail) < need + skip) {
        advance(window, 1);
    }
    if (skip) {
        struct record *filler = record_at(window, window->head);
        memset(filler, 0, sizeof *filler);
        filler->length = (uint16_t)(skip - sizeof *filler);
        filler->state = RECORD_DEAD;
        window->head += skip;
    }
    struct record *record = record_at(window, window->head);
    window->head += need;
    return record;
}

static void put(struct tsk_window *window, const struct tsk_row *row, const uint8_t *body, int keep)
{
    uint64_t *slot = index_of(window, row->stream, row->seq);
    struct record *old = *slot ? record_at(window, *slot) : 0;
    uint8_t state = keep ? RECORD_HELD : RECORD_REFUSED;
    window->refused += !keep;
    if (old && old->seq == row->seq) {
        if (old->state == RECORD_REFUSED) {
            return;
        }
        if (keep && old->length == row->length && same_bytes((const uint8_t *)(old + 1), body, row->length)) {
            window->duplicates++;
            return;
        }
        if (keep) {
            window->conflicts++;
            state = RECORD_DOUBTED;
        }
        kill(window, old);
    } else if (old) {
        window->evicted += old->state != RECORD_REFUSED;
        kill(window, old);
    }
    struct record *record = allocate(window, keep ? row->length : 0);
    record->seq = row->seq;
    record->length = keep ? row->length : 0;
    record->stream = row->stream;
    record->state = state;
    if (keep) {
        memcpy(record + 1, body, row->length);
    }
    *slot = window->head - sizeof *record - padded(record->length);
}

void tsk_window_put(struct tsk_window *window, const struct tsk_row *rows, size_t rows_len,
                    const uint8_t *arena, size_t arena_len, const uint8_t *keep)
{
    for (size_t i = 0; i < rows_len; i++) {
        const struct tsk_row *row = &rows[i];
        if (row->status == TSK_OK && row->stream < TSK_STREAMS && row->length >= TSK_HEADER_SIZE
            && row->length <= TSK_MAX_FRAME && (size_t)row->offset + row->length <= arena_len) {
            put(window, row, arena + row->offset, !keep || keep[i]);
        }
    }
}

void tsk_window_look(const struct tsk_window *window, uint8_t stream, uint32_t first_seq, size_t count,
                     uint8_t *states)
{
    for (size_t i = 0; i < count; i++) {
        const struct record *record = tsk_window_find(window, stream, first_seq + (uint32_t)i);
        states[i] = record ? record->state : 0;
    }
}

static void drop(struct tsk_window *window, uint8_t stream, uint32_t first_seq, size_t count, int doubted)
{
    for (size_t i = 0; i < count; i++) {
        struct record *record = tsk_window_find(window, stream, first_seq + (uint32_t)i);
        if (record && (!doubted || record->state == RECORD_DOUBTED)) {
            kill(window, record);
        }
    }
}

void tsk_window_drop(struct tsk_window *window, uint8_t stream, uint32_t first_seq, size_t count, int doubted)
{
    drop(window, stream, first_seq, count, doubted);
    advance(window, 0);
}

void tsk_window_release(struct tsk_window *window, const uint8_t *entries, size_t entries_len)
{
    for (size_t i = 0; i < entries_len; i++) {
        const uint8_t *entry = entries + TSK_ENTRY_SIZE * i;
        if (entry[ENTRY_STREAM] < TSK_STREAMS) {
            drop(window, entry[ENTRY_STREAM], load32(entry + ENTRY_FIRST), load16(entry + ENTRY_COUNT), 0);
        }
    }
    advance(window, 0);
}

void tsk_window_tail(const struct tsk_window *window, const uint32_t next[15], uint32_t counts[15])
{
    memset(counts, 0, TSK_STREAMS * sizeof *counts);
    for (uint64_t place = window->tail; place < window->head;) {
        const struct record *record = record_at(window, place);
        if (record->state == RECORD_HELD || record->state == RECORD_DOUBTED) {
            counts[record->stream] += record->seq >= next[record->stream];
        }
        place += sizeof *record + padded(record->length);
    }
}
