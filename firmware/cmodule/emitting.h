/* Records to frames that wait to be sent, and those to bytes on the line. */
#ifndef TASUKI_EMITTING_H
#define TASUKI_EMITTING_H

#include "glue.h"

extern const mp_obj_fun_builtin_var_t tasuki_took_obj;
extern const mp_obj_fun_builtin_var_t tasuki_push_obj;
extern const mp_obj_fun_builtin_var_t tasuki_ready_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_behind_obj;
extern const mp_obj_fun_builtin_var_t tasuki_keep_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_go_on_obj;
extern const mp_obj_fun_builtin_var_t tasuki_emit_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_close_slot_obj;
extern const mp_obj_fun_builtin_var_t tasuki_take_into_obj;

#endif
