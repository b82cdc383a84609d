/* What every function of the module needs to talk to MicroPython. The same
 * sources build into an image and as a native .mpy for stock firmware. */
#ifndef TASUKI_GLUE_H
#define TASUKI_GLUE_H

#ifdef MICROPY_ENABLE_DYNRUNTIME
#include "py/dynruntime.h"
#else
#include "py/obj.h"
#include "py/runtime.h"
#endif

#include <stdint.h>

/* A readable buffer of any length; TypeError for what is none. */
static inline mp_buffer_info_t readable(mp_obj_t object)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, MP_BUFFER_READ);
    return buffer;
}

/* A readable buffer of n bytes; ValueError for another length. */
static inline const uint8_t *exactly(mp_obj_t object, size_t n)
{
    mp_buffer_info_t buffer = readable(object);
    if (buffer.len != n) {
        mp_raise_ValueError(MP_ERROR_TEXT("length"));
    }
    return buffer.buf;
}

/* A writable buffer; TypeError for what is none. */
static inline mp_buffer_info_t writable(mp_obj_t object)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, MP_BUFFER_WRITE);
    return buffer;
}

/* A count or place from 0 to most; IndexError otherwise. */
static inline size_t within(mp_obj_t object, size_t most)
{
    mp_int_t n = mp_obj_get_int(object);
    if (n < 0 || (size_t)n > most) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("buffer"));
    }
    return (size_t)n;
}

#endif
