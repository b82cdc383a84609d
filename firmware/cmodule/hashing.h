/* Leaves, nodes and roots of tasuki_wire.epoch. */
#ifndef TASUKI_HASHING_H
#define TASUKI_HASHING_H

#include "glue.h"

#define TSK_SALTED 17 /* what stands before a body when its leaf is hashed: tag and key */

/* Leaf of a body of n bytes that stands at message + TSK_SALTED; key of 16 bytes. */
void tsk_hash_salted(uint8_t *message, const uint8_t *key, size_t n, uint8_t out[24]);

/* Node over two nodes of 24 bytes; out may be one of them. */
void tsk_hash_node(const uint8_t *left, const uint8_t *right, uint8_t out[24]);

extern const mp_obj_fun_builtin_fixed_t tasuki_frame_leaf_obj;
extern const mp_obj_fun_builtin_var_t tasuki_frame_leaf_into_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_node_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_root_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_slot_keys_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_slot_root_obj;

#endif
