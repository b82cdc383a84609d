#include "rings.h"

#include <string.h>

#include "../../native/include/tasuki_pack.h"

#define WORD 0x40000000u /* layout.WORD */
#define HEADER 16
#define WRAP 0xffff /* in place of a length: the next frame stands at the start */
#define FLAG_PACKED 1

static uint64_t time_of(const uint32_t words[2])
{
    return (uint64_t)words[0] << 30 | words[1];
}

static void put_time(uint32_t words[2], uint64_t us)
{
    words[0] = (uint32_t)(us >> 30);
    words[1] = (uint32_t)us & (WORD - 1);
}

static void put32(uint8_t *to, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

uint32_t tsk_ready(const struct tsk_samples *s, const uint32_t until[2], int flush)
{
    uint32_t per_frame = s->state[S_PER_FRAME];
    uint32_t cut = s->state[S_CUT];
    uint32_t n = cut ? cut : s->state[S_COUNT];
    if (n < per_frame && !flush && !cut) {
        return 0;
    }
    uint64_t first = time_of(s->state + S_HI);
    uint64_t end = time_of(until);
    uint32_t period = s->state[S_PERIOD];
    if (n > per_frame) {
        n = per_frame;
    }
    if (!n || end <= first) {
        return 0;
    }
    if (end - first <= (uint64_t)(n - 1) * period) {
        n = (uint32_t)((end - first + period - 1) / period);
    }
    return n == per_frame || flush || cut ? n : 0;
}

static void advance(uint32_t *state, uint32_t n)
{
    state[S_HEAD] += n;
    if (state[S_HEAD] >= state[S_CAPACITY]) {
        state[S_HEAD] -= state[S_CAPACITY];
    }
    state[S_COUNT] -= n;
    put_time(state + S_HI, time_of(state + S_HI) + (uint64_t)n * state[S_PERIOD]);
    if (state[S_CUT]) {
        state[S_CUT] -= n;
        if (!state[S_CUT]) {
            state[S_HI] = state[S_AFTER_HI];
            state[S_LO] = state[S_AFTER_LO];
        }
    }
}

/* Drops the n oldest of all records, which may stand on both sides of a gap. */
static void drop(uint32_t *state, uint32_t n)
{
    uint32_t cut = state[S_CUT];
    if (cut && n > cut) {
        advance(state, cut);
        n -= cut;
    }
    advance(state, n);
}

uint32_t tsk_push(uint32_t *state, uint8_t *records, const uint8_t *from, uint32_t n)
{
    size_t size = state[S_SIZE];
    uint32_t capacity = state[S_CAPACITY];
    uint32_t lost = 0;
    while (n) {
        uint32_t some = n < capacity ? n : capacity;
        if (state[S_COUNT] + some > capacity) {
            uint32_t over = state[S_COUNT] + some - capacity;
            drop(state, over);
            lost += over;
        }
        uint32_t at = state[S_HEAD] + state[S_COUNT];
        at -= at >= capacity ? capacity : 0;
        uint32_t first = capacity - at < some ? capacity - at : some;
        memcpy(records + at * size, from, first * size);
        memcpy(records, from + first * size, (some - first) * size);
        state[S_COUNT] += some;
        from += some * size;
        n -= some;
    }
    return lost;
}

static size_t pull(const struct tsk_samples *s, uint32_t n, uint8_t *to)
{
    size_t size = s->state[S_SIZE];
    size_t head = s->state[S_HEAD];
    size_t first = s->state[S_CAPACITY] - head < n ? s->state[S_CAPACITY] - head : n;
    memcpy(to, s->records + head * size, first * size);
    memcpy(to + first * size, s->records, (n - first) * size);
    return n * size;
}

size_t tsk_body(struct tsk_samples *s, uint32_t n, const struct tsk_frames *f, uint8_t *body)
{
    uint8_t kind = (uint8_t)s->state[S_KIND];
    uint8_t raw[TSK_MAX_PAYLOAD];
    size_t packed = 0;
    size_t size;
    if (f->state[F_PACK_KINDS] >> kind & 1) {
        size = pull(s, n, raw);
        packed = tsk_pack(raw, n, s->state[S_SIZE] / 2, body + HEADER);
        if (!packed) {
            memcpy(body + HEADER, raw, size);
        } else {
            size = packed;
        }
    } else {
        size = pull(s, n, body + HEADER);
    }
    body[0] = (uint8_t)f->state[F_VERSION];
    body[1] = kind;
    body[2] = (uint8_t)s->state[S_STREAM];
    body[3] = packed ? FLAG_PACKED : 0;
    put32(body + 4, s->state[S_SEQ]);
    put32(body + 8, s->state[S_HI]);
    put32(body + 12, s->state[S_LO]);
    advance(s->state, n);
    s->state[S_SEQ]++;
    return HEADER + size;
}

static uint32_t length_at(const struct tsk_frames *f, uint32_t at)
{
    return (uint32_t)f->bytes[at] | (uint32_t)f->bytes[at + 1] << 8;
}

uint32_t tsk_behind(const struct tsk_frames *f, uint32_t at)
{
    at += 2 + length_at(f, at);
    return at + 2 > f->size || length_at(f, at) == WRAP ? 0 : at;
}

void tsk_pass(struct tsk_frames *f)
{
    f->state[F_SENT]++;
    if (f->state[F_SENT] != f->state[F_PACKED]) {
        do {
            f->state[F_NEXT] = tsk_behind(f, f->state[F_NEXT]);
        } while (f->bytes[f->state[F_NEXT] + 4] == TSK_GONE);
    }
}

static void evict(struct tsk_frames *f, uint32_t start, size_t end)
{
    uint32_t *state = f->state;
    while (state[F_HELD] && state[F_FIRST] >= start && state[F_FIRST] < end) {
        if (state[F_SENT] != state[F_PACKED] && state[F_FIRST] == state[F_NEXT]) {
            state[F_DROPPED]++;
            tsk_pass(f);
        }
        state[F_FIRST] = tsk_behind(f, state[F_FIRST]);
        state[F_HELD]--;
    }
}

void tsk_keep(struct tsk_frames *f, const uint8_t *body, size_t n)
{
    uint32_t *state = f->state;
    if (state[F_END] + 2 + n > f->size) {
        evict(f, state[F_END], f->size);
        if (state[F_END] + 2 <= f->size) {
            memset(f->bytes + state[F_END], 0xff, 2);
        }
        state[F_END] = 0;
    }
    evict(f, state[F_END], state[F_END] + 2 + n);
    uint8_t *to = f->bytes + state[F_END];
    to[0] = (uint8_t)n;
    to[1] = (uint8_t)(n >> 8);
    memcpy(to + 2, body, n);
    if (!state[F_HELD]) {
        state[F_FIRST] = state[F_END];
    }
    if (state[F_SENT] == state[F_PACKED]) {
        state[F_NEXT] = state[F_END];
    }
    state[F_HELD]++;
    state[F_PACKED]++;
    state[F_END] += 2 + (uint32_t)n;
}

size_t tsk_take(struct tsk_frames *f, const uint8_t **body)
{
    uint32_t at = f->state[F_NEXT];
    if (f->state[F_SENT] == f->state[F_PACKED]) {
        return 0;
    }
    *body = f->bytes + at + 2;
    tsk_pass(f);
    return length_at(f, at);
}
