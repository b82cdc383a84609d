/* tasuki_wire.cobs and the closing of tasuki_wire.codec, into the caller's buffers.
 * IndexError for a length that a buffer does not have. */

#include "framing.h"

#include <string.h>

#include "cobs.h"

#define CRC_SIZE 4
#define MAX_BODY 250 /* layout.MAX_FRAME without the CRC */

static void room(const mp_buffer_info_t *buffer, size_t n)
{
    if (n > buffer->len) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("buffer"));
    }
}

/* cobs_encode_into(dst, src, n) -> length; stuffs src[:n], without the delimiter. */
static mp_obj_t cobs_encode_into(mp_obj_t dst, mp_obj_t src, mp_obj_t count)
{
    mp_buffer_info_t to = writable(dst);
    mp_buffer_info_t from = readable(src);
    size_t n = within(count, from.len);
    room(&to, TSK_STUFFED(n));
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)tsk_cobs_encode(to.buf, from.buf, n));
}
MP_DEFINE_CONST_FUN_OBJ_3(tasuki_cobs_encode_into_obj, cobs_encode_into);

/* cobs_decode_into(dst, src, n) -> length, or -1 - 2i for a bad code at i, or
 * -2 - 2i for a zero at i; tasuki_hub.fast makes the wire's error of those. */
static mp_obj_t cobs_decode_into(mp_obj_t dst, mp_obj_t src, mp_obj_t count)
{
    mp_buffer_info_t to = writable(dst);
    mp_buffer_info_t from = readable(src);
    size_t n = within(count, from.len);
    room(&to, n);
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)tsk_cobs_decode(to.buf, from.buf, n));
}
MP_DEFINE_CONST_FUN_OBJ_3(tasuki_cobs_decode_into_obj, cobs_decode_into);

/* crc32(data[, before]) -> int, as binascii.crc32 */
static mp_obj_t crc32(size_t n_args, const mp_obj_t *args)
{
    mp_buffer_info_t data = readable(args[0]);
    uint32_t before = n_args > 1 ? (uint32_t)mp_obj_get_int_truncated(args[1]) : 0;
    return mp_obj_new_int_from_uint(tsk_crc(before, data.buf, data.len));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_crc32_obj, 1, 2, crc32);

size_t tsk_close_frame(uint8_t *to, const uint8_t *body, size_t n, uint32_t seed)
{
    uint8_t frame[MAX_BODY + CRC_SIZE];
    memcpy(frame, body, n);
    uint32_t crc = tsk_crc(seed, frame, n);
    for (size_t i = 0; i < CRC_SIZE; i++) {
        frame[n + i] = (uint8_t)(crc >> 8 * i);
    }
    size_t length = tsk_cobs_encode(to, frame, n + CRC_SIZE);
    to[length] = 0;
    return length + 1;
}

/* frame_into(dst, body, n, seed) -> bytes to send
 *
 * body[:n] with its CRC from the kind's seed, stuffed, with the delimiter. dst
 * needs n + 6 bytes; the body stays as it is unless it stands in dst, which it may. */
static mp_obj_t frame_into(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    mp_buffer_info_t to = writable(args[0]);
    mp_buffer_info_t body = readable(args[1]);
    size_t n = within(args[2], body.len < MAX_BODY ? body.len : MAX_BODY);
    room(&to, TSK_STUFFED(n + CRC_SIZE) + 1);
    uint32_t seed = (uint32_t)mp_obj_get_int_truncated(args[3]);
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)tsk_close_frame(to.buf, body.buf, n, seed));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_frame_into_obj, 4, 4, frame_into);
