/* One frame's way through the hub in one call: from its sample ring into epoch and
 * frame ring, and from there to the line. tasuki_hub/emitting.py says what the
 * arguments are, and does the same where there is no C module. */

#include "emitting.h"

#include <string.h>

#include "cobs.h"
#include "framing.h"
#include "hashing.h"
#include "rings.h"

#include "../../native/include/tasuki_pack.h"

#define NODE_SIZE 24
#define ENTRY 48 /* tasuki_wire.layout.ENTRY */
#define E_STREAM 0
#define E_KIND 1
#define E_FIRST_SEQ 2
#define E_COUNT 6
#define E_T0 8
#define E_T1 16
#define E_ROOT 24
#define SLOT_KEY ENTRY
#define SLOT_STACK (ENTRY + 16)

static mp_obj_t no_room(void)
{
    mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("buffer"));
    return mp_const_none;
}

/* A state: an array of at least n words. */
static uint32_t *words(mp_obj_t object, size_t n)
{
    mp_buffer_info_t buffer = writable(object);
    if (buffer.len < 4 * n || (uintptr_t)buffer.buf & 3) {
        no_room();
    }
    return buffer.buf;
}

static struct tsk_frames frames(mp_obj_t state, mp_obj_t bytes)
{
    mp_buffer_info_t buffer = writable(bytes);
    struct tsk_frames f = {words(state, F_WORDS), buffer.buf, buffer.len};
    const uint32_t *s = f.state;
    if (f.size < 2 + TSK_MAX_BODY || s[F_END] > f.size || (s[F_HELD] && s[F_FIRST] + 5 > f.size)
        || (s[F_SENT] != s[F_PACKED] && s[F_NEXT] + 5 > f.size)) {
        no_room();
    }
    return f;
}

static struct tsk_samples samples(mp_obj_t state, mp_obj_t records)
{
    mp_buffer_info_t buffer = writable(records);
    struct tsk_samples s = {words(state, S_WORDS), buffer.buf};
    const uint32_t *w = s.state;
    if (!w[S_SIZE] || w[S_SIZE] > TSK_MAX_BODY || !w[S_CAPACITY] || w[S_CAPACITY] > buffer.len
        || w[S_SIZE] * w[S_CAPACITY] > buffer.len || w[S_HEAD] >= w[S_CAPACITY] || w[S_COUNT] > w[S_CAPACITY]
        || w[S_CUT] > w[S_COUNT] || w[S_KIND] > 31 || w[S_PER_FRAME] > TSK_MAX_PAYLOAD
        || w[S_SIZE] * w[S_PER_FRAME] > TSK_MAX_PAYLOAD) {
        no_room();
    }
    return s;
}

/* push(samples, records, src, n) -> records lost, because the oldest make room */
static mp_obj_t push(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    struct tsk_samples s = samples(args[0], args[1]);
    mp_buffer_info_t from = readable(args[2]);
    uint32_t n = (uint32_t)within(args[3], from.len);
    if (n * s.state[S_SIZE] > from.len) {
        return no_room();
    }
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)tsk_push(s.state, s.records, from.buf, n));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_push_obj, 4, 4, push);

/* took(samples, counts, n, now): n records have just been pushed; now is a device time
 *
 * Of the times only the lower 32 bits are looked at, which are right for half an hour either way. */
static mp_obj_t took(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    const uint32_t *s = words(args[0], S_WORDS);
    uint32_t *counts = words(args[1], T_WORDS);
    uint32_t n = (uint32_t)within(args[2], 0xffffff);
    int behind_gap = s[S_CUT] && s[S_CUT] < s[S_COUNT];
    const uint32_t *first = s + (behind_gap ? S_AFTER_HI : S_HI);
    uint32_t older = s[S_COUNT] - (behind_gap ? s[S_CUT] : 0) - n;
    uint32_t from = (first[0] << 30 | first[1]) + older * s[S_PERIOD];
    int32_t us = (int32_t)((uint32_t)mp_obj_get_int_truncated(args[3]) - from);
    us = us > 0x3fffffff ? 0x3fffffff : us;
    counts[T_RECORDS] += n;
    if (us > (int32_t)counts[T_LONGEST]) {
        counts[T_LONGEST] = (uint32_t)us;
    }
    if (us > (int32_t)counts[T_DEADLINE] && s[S_PERIOD]) {
        uint32_t late = 1 + ((uint32_t)us - counts[T_DEADLINE] - 1) / s[S_PERIOD];
        counts[T_LATE] += late < n ? late : n;
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_took_obj, 4, 4, took);

/* ready(samples, hi, lo, flush) -> how many records the next frame takes of what is from before that time */
static mp_obj_t ready(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    struct tsk_samples s = {words(args[0], S_WORDS), NULL};
    mp_int_t high = mp_obj_get_int(args[1]);
    if (high < 0) { /* before the boot */
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    const uint32_t until[2] = {(uint32_t)high, (uint32_t)mp_obj_get_int(args[2])};
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)tsk_ready(&s, until, mp_obj_is_true(args[3])));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_ready_obj, 4, 4, ready);

/* behind(ring, place) -> where the frame behind the one at place stands */
static mp_obj_t behind(mp_obj_t ring, mp_obj_t place)
{
    mp_buffer_info_t buffer = readable(ring);
    struct tsk_frames f = {NULL, buffer.buf, buffer.len};
    size_t at = within(place, f.size);
    if (f.size - at < 2) {
        return no_room();
    }
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)tsk_behind(&f, (uint32_t)at));
}
MP_DEFINE_CONST_FUN_OBJ_2(tasuki_behind_obj, behind);

/* keep(frames, ring, body, n): adds body[:n]; the oldest bodies make room */
static mp_obj_t keep(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    struct tsk_frames f = frames(args[0], args[1]);
    mp_buffer_info_t body = readable(args[2]);
    size_t n = within(args[3], body.len < f.size - 2 ? body.len : f.size - 2);
    tsk_keep(&f, body.buf, n);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_keep_obj, 4, 4, keep);

/* go_on(frames, ring): the body that was to be sent next counts as sent */
static mp_obj_t go_on(mp_obj_t state, mp_obj_t ring)
{
    struct tsk_frames f = frames(state, ring);
    if (f.state[F_SENT] != f.state[F_PACKED]) {
        tsk_pass(&f);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(tasuki_go_on_obj, go_on);

static unsigned ones(unsigned n)
{
    unsigned count = 0;
    for (; n; n &= n - 1) {
        count++;
    }
    return count;
}

/* Puts a leaf on the stack of nodes that wait for their sibling: one a level, as
 * the bits of the count before it say. */
static void fold(uint8_t *stack, unsigned count, const uint8_t *leaf)
{
    uint8_t *top = stack + NODE_SIZE * ones(count);
    memcpy(top, leaf, NODE_SIZE);
    for (; count & 1; count >>= 1) {
        top -= NODE_SIZE;
        tsk_hash_node(top, top + NODE_SIZE, top);
    }
}

static unsigned count_of(const uint8_t *slot)
{
    return slot[E_COUNT] | (unsigned)slot[E_COUNT + 1] << 8;
}

/* The slot of an open epoch takes a frame whose leaf is there. */
static void enter(uint8_t *slot, const uint8_t *body, const uint32_t last[2], const uint8_t *leaf)
{
    unsigned count = count_of(slot);
    if (!count) {
        slot[E_STREAM] = body[2];
        slot[E_KIND] = body[1];
        memcpy(slot + E_FIRST_SEQ, body + 4, 4);
        memcpy(slot + E_T0, body + 8, 8);
    }
    memcpy(slot + E_T1, last, 8);
    fold(slot + SLOT_STACK, count, leaf);
    count++;
    slot[E_COUNT] = (uint8_t)count;
    slot[E_COUNT + 1] = (uint8_t)(count >> 8);
}

/* The next frame of one row (samples, records, slot, leaves): records in it, 0 for
 * none yet, -1 when there is no place for its leaf. */
static int emit_one(struct tsk_frames *f, const mp_obj_t *row, const uint32_t until[2], int flush)
{
    uint8_t message[TSK_SALTED + TSK_MAX_BODY];
    uint8_t *body = message + TSK_SALTED;
    struct tsk_samples s = samples(row[0], row[1]);
    uint32_t n = s.state[S_PER_FRAME] ? tsk_ready(&s, until, flush) : 0;
    if (!n) {
        return 0;
    }
    mp_buffer_info_t slot = writable(row[2]);
    mp_buffer_info_t leaves = writable(row[3]);
    if (slot.len < SLOT_STACK) {
        no_room();
    }
    unsigned count = count_of(slot.buf);
    if (NODE_SIZE * (count + 1) > leaves.len) {
        return -1;
    }
    if (slot.len < SLOT_STACK + NODE_SIZE * (ones(count) + 1)) {
        no_room();
    }
    uint64_t last = ((uint64_t)s.state[S_HI] << 30 | s.state[S_LO]) + (uint64_t)(n - 1) * s.state[S_PERIOD];
    const uint32_t t1[2] = {(uint32_t)(last >> 30), (uint32_t)last & 0x3fffffff};
    size_t place = s.state[S_SEQ] % (leaves.len / NODE_SIZE);
    size_t size = tsk_body(&s, n, f, body);
    uint8_t *leaf = (uint8_t *)leaves.buf + NODE_SIZE * place;
    tsk_hash_salted(message, (uint8_t *)slot.buf + SLOT_KEY, size, leaf);
    enter(slot.buf, body, t1, leaf);
    tsk_keep(f, body, size);
    return (int)n;
}

/* emit(frames, ring, rows, most, hi, lo, flush) -> frames made, -1 - that when a row's leaves are full */
static mp_obj_t emit(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    struct tsk_frames f = frames(args[0], args[1]);
    size_t most = within(args[3], 0xffff);
    const uint32_t until[2] = {(uint32_t)mp_obj_get_int(args[4]), (uint32_t)mp_obj_get_int(args[5])};
    int flush = mp_obj_is_true(args[6]);
    mp_int_t made = 0;
    int full = 0;
    size_t n_rows;
    size_t n_row;
    mp_obj_t *rows;
    mp_obj_t *row;
    mp_obj_get_array(args[2], &n_rows, &rows);
    for (size_t i = 0; i < n_rows; i++) {
        mp_obj_get_array(rows[i], &n_row, &row);
        if (n_row != 4) {
            return no_room();
        }
        int n = 1;
        for (size_t k = 0; n > 0 && k < most; k++) {
            n = emit_one(&f, row, until, flush);
            made += n > 0;
        }
        full |= n < 0;
    }
    return MP_OBJ_NEW_SMALL_INT(full ? -1 - made : made);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_emit_obj, 7, 7, emit);

/* close_slot(slot, leaves): the root of the frames' leaves goes into the slot's entry.
 *
 * emit has made most nodes by then, so that closing an epoch is no long turn. */
static mp_obj_t close_slot(mp_obj_t object, mp_obj_t leaves)
{
    (void)leaves;
    mp_buffer_info_t slot = writable(object);
    unsigned depth = slot.len < SLOT_STACK ? 0 : ones(count_of(slot.buf));
    if (!depth || slot.len < SLOT_STACK + NODE_SIZE * depth) {
        return no_room();
    }
    uint8_t *entry = slot.buf;
    uint8_t *stack = entry + SLOT_STACK;
    for (; depth > 1; depth--) {
        uint8_t *top = stack + NODE_SIZE * (depth - 2);
        tsk_hash_node(top, top + NODE_SIZE, top);
    }
    memcpy(entry + E_ROOT, stack, NODE_SIZE);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(tasuki_close_slot_obj, close_slot);

/* take_into(dst, frames, ring, seeds) -> bytes to send, 0 for none */
static mp_obj_t take_into(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    mp_buffer_info_t to = writable(args[0]);
    struct tsk_frames f = frames(args[1], args[2]);
    const uint32_t *seeds = words(args[3], 32);
    const uint8_t *body;
    if (to.len < TSK_MAX_BODY + 6) {
        return no_room();
    }
    size_t n = tsk_take(&f, &body);
    if (!n) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    if (n > TSK_MAX_BODY || n > f.size - (size_t)(body - f.bytes)) { /* no frame of ours */
        return no_room();
    }
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)tsk_close_frame(to.buf, body, n, seeds[body[1] & 31]));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_take_into_obj, 4, 4, take_into);
