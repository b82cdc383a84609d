/* Frames to bytes on the line and back. */
#ifndef TASUKI_FRAMING_H
#define TASUKI_FRAMING_H

#include "glue.h"

/* A body of n bytes, at most 250, as it goes over the line: with its CRC, stuffed,
 * with the delimiter. Returns its length, n + 6; to does not overlap the body. */
size_t tsk_close_frame(uint8_t *to, const uint8_t *body, size_t n, uint32_t seed);

extern const mp_obj_fun_builtin_fixed_t tasuki_cobs_encode_into_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_cobs_decode_into_obj;
extern const mp_obj_fun_builtin_var_t tasuki_crc32_obj;
extern const mp_obj_fun_builtin_var_t tasuki_frame_into_obj;

#endif
