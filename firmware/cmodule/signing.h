/* Ed25519 (RFC 8032) and SHA-512 (FIPS 180-4). */
#ifndef TASUKI_SIGNING_H
#define TASUKI_SIGNING_H

#include "glue.h"

extern const mp_obj_fun_builtin_fixed_t tasuki_public_key_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_sign_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_verify_obj;
extern const mp_obj_fun_builtin_fixed_t tasuki_sha512_obj;

#endif
