/* Leaves, nodes and roots of tasuki_wire.epoch. */
#ifndef TASUKI_HASHING_H
#define TASUKI_HASHING_H

#include "glue.h"

extern const mp_obj_fun_builtin_fixed_t tasuki_frame_leaf_obj;
extern const mp_obj_fun_builtin_var_t tasuki_frame_leaf_into_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_node_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_root_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_slot_root_obj;

#endif
