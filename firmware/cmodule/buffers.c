/* tasuki_hub/fast.py says what these do; they take nothing from the heap. */

#include "buffers.h"

#include <string.h>

/* copy_into(dst, at, src, start, n): dst[at : at + n] = src[start : start + n]; they do not overlap */
static mp_obj_t copy_into(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    mp_buffer_info_t to = writable(args[0]);
    mp_buffer_info_t from = readable(args[2]);
    size_t at = within(args[1], to.len);
    size_t start = within(args[3], from.len);
    size_t n = within(args[4], to.len - at < from.len - start ? to.len - at : from.len - start);
    memcpy((uint8_t *)to.buf + at, (const uint8_t *)from.buf + start, n);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_copy_into_obj, 5, 5, copy_into);

/* wipe(buf): zeros */
static mp_obj_t wipe(mp_obj_t object)
{
    mp_buffer_info_t buffer = writable(object);
    memset(buffer.buf, 0, buffer.len);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(tasuki_wipe_obj, wipe);

/* since(now, then) -> microseconds between two device times less than half an hour apart */
static mp_obj_t since(mp_obj_t now, mp_obj_t then)
{
    uint32_t us = (uint32_t)mp_obj_get_int_truncated(now) - (uint32_t)mp_obj_get_int_truncated(then);
    return mp_obj_new_int((int32_t)us);
}
MP_DEFINE_CONST_FUN_OBJ_2(tasuki_since_obj, since);
