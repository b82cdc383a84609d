/* Every function of the module, by its Python name. */
#ifndef TASUKI_FUNCTIONS_H
#define TASUKI_FUNCTIONS_H

#include "buffers.h"
#include "emitting.h"
#include "framing.h"
#include "hashing.h"
#include "records.h"
#include "sealing.h"
#include "signing.h"

#define TASUKI_FUNCTIONS(F) \
    F(MP_QSTR_ed25519_public_key, tasuki_public_key_obj) \
    F(MP_QSTR_ed25519_sign, tasuki_sign_obj) \
    F(MP_QSTR_ed25519_verify, tasuki_verify_obj) \
    F(MP_QSTR_sha512, tasuki_sha512_obj) \
    F(MP_QSTR_sealed_box_into, tasuki_sealed_box_into_obj) \
    F(MP_QSTR_cobs_encode_into, tasuki_cobs_encode_into_obj) \
    F(MP_QSTR_cobs_decode_into, tasuki_cobs_decode_into_obj) \
    F(MP_QSTR_crc32, tasuki_crc32_obj) \
    F(MP_QSTR_frame_into, tasuki_frame_into_obj) \
    F(MP_QSTR_frame_leaf, tasuki_frame_leaf_obj) \
    F(MP_QSTR_frame_leaf_into, tasuki_frame_leaf_into_obj) \
    F(MP_QSTR_node, tasuki_node_obj) \
    F(MP_QSTR_root, tasuki_root_obj) \
    F(MP_QSTR_slot_keys, tasuki_slot_keys_obj) \
    F(MP_QSTR_slot_root, tasuki_slot_root_obj) \
    F(MP_QSTR_copy_into, tasuki_copy_into_obj) \
    F(MP_QSTR_wipe, tasuki_wipe_obj) \
    F(MP_QSTR_since, tasuki_since_obj) \
    F(MP_QSTR_took, tasuki_took_obj) \
    F(MP_QSTR_push, tasuki_push_obj) \
    F(MP_QSTR_ready, tasuki_ready_obj) \
    F(MP_QSTR_behind, tasuki_behind_obj) \
    F(MP_QSTR_keep, tasuki_keep_obj) \
    F(MP_QSTR_go_on, tasuki_go_on_obj) \
    F(MP_QSTR_emit, tasuki_emit_obj) \
    F(MP_QSTR_close_slot, tasuki_close_slot_obj) \
    F(MP_QSTR_take_into, tasuki_take_into_obj) \
    F(MP_QSTR_pack_into, tasuki_pack_into_obj) \
    F(MP_QSTR_calibrate, tasuki_calibrate_obj)

#endif
