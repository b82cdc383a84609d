/* From bytes on the link to rows and bodies. The order of the checks is that of
 * tasuki_wire.codec.check, and tests hold both equal on damaged bytes. */

#include "tasuki_wire.h"

#include "bytes.h"
#include "tasuki_pack.h"

#define WORD (1u << 30)
#define LEAST_FRAME (TSK_HEADER_SIZE + TSK_CRC_SIZE)

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Index of the first zero byte, or n. */
static size_t find_zero(const uint8_t *p, size_t n)
{
    size_t i = 0;
#if defined(__SSE2__)
    const __m128i zero = _mm_setzero_si128();
    for (; i + 16 <= n; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        int found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, zero));
        if (found) {
            return i + (size_t)__builtin_ctz((unsigned)found);
        }
    }
#endif
    while (i < n && p[i]) {
        i++;
    }
    return i;
}

/* Unstuffs n bytes without a zero, 1 <= n <= TSK_MAX_STUFFED, into n - 1 bytes;
 * 0 when a code points past the end. All bytes keep their distance, so they are
 * copied at once and the zeros put in after: a code of 255, which stands for no
 * zero, can only reach the end of a frame this short. */
static int unstuff(uint8_t *out, const uint8_t *in, size_t n)
{
    size_t at = in[0];
    memcpy(out, in + 1, n - 1);
    while (at < n) {
        out[at - 1] = 0;
        at += in[at];
    }
    return at == n;
}

static int length_holds(const struct tsk_kind *kind, size_t n)
{
    if (kind->mode == TSK_FRAGMENTS) {
        return n > TSK_FRAGMENT_SIZE;
    }
    if (n < kind->head) {
        return 0;
    }
    n -= kind->head;
    if (kind->mode == TSK_SAMPLES) {
        return kind->row_rest ? n >= kind->row : n > 0 && n % kind->row == 0;
    }
    if (kind->head_rest || kind->open_tail) {
        return 1;
    }
    return kind->row ? n % kind->row == 0 : n == 0;
}

static int packed_holds(const struct tsk_kind *kind, const uint8_t *payload, size_t n)
{
    uint8_t records[TSK_MAX_PAYLOAD];
    return tsk_unpack(payload, n, kind->columns, records) > 0;
}

/* TSK_OK, or which of the CRC's faults; a frame of at least LEAST_FRAME bytes. */
static uint8_t check_crc(const struct tsk_wire_params *params, const struct tsk_kind *kind,
                         const uint8_t *frame, size_t n)
{
    size_t body = n - TSK_CRC_SIZE;
    uint32_t crc = load32(frame + body);
    if (kind->known && tsk_wire_crc(params, kind->seed, frame, body) == crc) {
        return TSK_OK;
    }
    if (kind->announced && tsk_wire_crc(params, kind->announced_seed, frame, body) == crc) {
        return kind->known ? TSK_SCHEMA_MISMATCH : TSK_UNKNOWN_KIND;
    }
    return TSK_CRC;
}

static uint8_t check_header(const struct tsk_wire_params *params, const struct tsk_kind *kind,
                            const uint8_t *frame, size_t n)
{
    if (frame[0] < params->oldest_version || frame[0] > params->version) {
        return TSK_VERSION;
    }
    int packed = frame[3] & TSK_FLAG_PACKED;
    if (frame[3] & ~params->known_flags || (packed && !kind->columns)) {
        return TSK_FLAGS;
    }
    if (kind->link ? frame[2] != TSK_LINK_STREAM : frame[2] >= TSK_STREAMS) {
        return TSK_STREAM;
    }
    if ((load32(frame + 4) | load32(frame + 8) | load32(frame + 12)) >= WORD) {
        return TSK_FIELD;
    }
    n -= LEAST_FRAME;
    int holds = packed ? packed_holds(kind, frame + TSK_HEADER_SIZE, n) : length_holds(kind, n);
    return holds ? TSK_OK : TSK_LENGTH;
}

/* Fills a row from an unstuffed frame that is not too long. */
static void check_frame(const struct tsk_wire_params *params, struct tsk_row *row, const uint8_t *frame, size_t n)
{
    if (n < LEAST_FRAME) {
        row->status = TSK_SHORT;
        return;
    }
    const struct tsk_kind *kind = &params->kinds[frame[1]];
    row->status = check_crc(params, kind, frame, n);
    if (row->status == TSK_CRC) {
        return;
    }
    row->version = frame[0];
    row->kind = frame[1];
    row->stream = frame[2];
    row->flags = frame[3];
    row->seq = load32(frame + 4);
    row->time_us = load_time(frame + 8);
    if (row->status == TSK_OK) {
        row->status = check_header(params, kind, frame, n);
    }
    if (row->status == TSK_OK) {
        row->length = (uint16_t)(n - TSK_CRC_SIZE);
    }
}

void tsk_wire_reset(struct tsk_wire_state *state)
{
    memset(state, 0, sizeof *state);
}

struct output {
    struct tsk_row *rows;
    uint8_t *arena;
    size_t rows_used;
    size_t arena_used;
};

static struct tsk_row *new_row(struct output *out)
{
    struct tsk_row *row = &out->rows[out->rows_used++];
    memset(row, 0, sizeof *row);
    row->offset = (uint32_t)out->arena_used;
    return row;
}

static void put_frame(const struct tsk_wire_params *params, struct tsk_wire_state *state,
                      struct output *out, const uint8_t *stuffed, size_t n)
{
    struct tsk_row *row = new_row(out);
    uint8_t *frame = out->arena + out->arena_used;
    if (unstuff(frame, stuffed, n)) {
        check_frame(params, row, frame, n - 1);
    } else {
        row->status = TSK_COBS;
    }
    out->arena_used += row->length;
    state->counts[row->status]++;
}

static void put_long(struct tsk_wire_state *state, struct output *out)
{
    new_row(out)->status = TSK_LONG;
    state->counts[TSK_LONG]++;
}

/* n bytes without a delimiter, either before one (ends) or at the input's end. */
static void put_run(const struct tsk_wire_params *params, struct tsk_wire_state *state,
                    struct output *out, const uint8_t *run, size_t n, int ends)
{
    if (!state->skipping && state->held + n > TSK_MAX_STUFFED) {
        put_long(state, out);
        state->skipping = 1;
    } else if (!state->skipping && ends && !state->held) {
        if (n) {
            put_frame(params, state, out, run, n);
        }
    } else if (!state->skipping) {
        memcpy(state->part + state->held, run, n);
        state->held += (uint32_t)n;
        if (ends) {
            put_frame(params, state, out, state->part, state->held);
        }
    }
    if (ends || state->skipping) {
        state->held = 0;
    }
    if (ends) {
        state->skipping = 0;
    }
}

size_t tsk_wire_decode(const struct tsk_wire_params *params, struct tsk_wire_state *state,
                       const uint8_t *input, size_t input_len,
                       struct tsk_row *rows, size_t rows_len, size_t *rows_used,
                       uint8_t *arena, size_t arena_len, size_t *arena_used)
{
    struct output out = {rows, arena, 0, 0};
    size_t at = 0;
    while (at < input_len && out.rows_used < rows_len && arena_len - out.arena_used >= TSK_MAX_FRAME) {
        size_t n = find_zero(input + at, input_len - at);
        int ends = at + n < input_len;
        put_run(params, state, &out, input + at, n, ends);
        at += n + (size_t)ends;
    }
    *rows_used = out.rows_used;
    *arena_used = out.arena_used;
    return at;
}

static int is_sample(const struct tsk_row *row, size_t arena_len, uint8_t stream, uint8_t kind)
{
    return row->status == TSK_OK && row->stream == stream && row->kind == kind
           && row->offset + (size_t)row->length <= arena_len;
}

size_t tsk_wire_sample_bytes(const struct tsk_row *rows, size_t rows_len, const uint8_t *arena, size_t arena_len,
                             uint8_t stream, uint8_t kind, uint16_t record_size)
{
    size_t bytes = 0;
    for (size_t i = 0; i < rows_len; i++) {
        const struct tsk_row *row = &rows[i];
        if (!is_sample(row, arena_len, stream, kind)) {
            continue;
        }
        if (row->flags & TSK_FLAG_PACKED) {
            bytes += (size_t)record_size * arena[row->offset + TSK_HEADER_SIZE];
        } else {
            bytes += (size_t)(row->length - TSK_HEADER_SIZE);
        }
    }
    return bytes;
}

size_t tsk_wire_samples(const struct tsk_row *rows, size_t rows_len, const uint8_t *arena, size_t arena_len,
                        uint8_t stream, uint8_t kind, uint16_t record_size, uint32_t period_us,
                        uint8_t *out, size_t out_len, uint64_t *times, size_t times_len)
{
    size_t used = 0;
    size_t records = 0;
    for (size_t i = 0; i < rows_len; i++) {
        const struct tsk_row *row = &rows[i];
        if (!is_sample(row, arena_len, stream, kind)) {
            continue;
        }
        const uint8_t *payload = arena + row->offset + TSK_HEADER_SIZE;
        size_t n = (size_t)(row->length - TSK_HEADER_SIZE);
        uint8_t unpacked[TSK_MAX_PAYLOAD];
        if (row->flags & TSK_FLAG_PACKED) {
            n = tsk_unpack(payload, n, record_size / 2u, unpacked);
            payload = unpacked;
        }
        size_t count = n / record_size;
        if (n > out_len - used || count > times_len - records) {
            break;
        }
        memcpy(out + used, payload, n);
        used += n;
        for (size_t k = 0; k < count; k++) {
            times[records++] = row->time_us + k * (uint64_t)period_us;
        }
    }
    return used;
}
