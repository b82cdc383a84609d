/* Frames to bytes on the line and back. */
#ifndef TASUKI_FRAMING_H
#define TASUKI_FRAMING_H

#include "glue.h"

extern const mp_obj_fun_builtin_fixed_t tasuki_cobs_encode_into_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_cobs_decode_into_obj;
extern const mp_obj_fun_builtin_var_t tasuki_crc32_obj;
extern const mp_obj_fun_builtin_var_t tasuki_frame_into_obj;

#endif
