/* What the hub does with buffers and times in every turn, without an object for it. */
#ifndef TASUKI_BUFFERS_H
#define TASUKI_BUFFERS_H

#include "glue.h"

extern const mp_obj_fun_builtin_var_t tasuki_copy_into_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_wipe_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_since_obj;

#endif
