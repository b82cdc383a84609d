/* Results and refusals are those of tasuki_hub.ed25519 and of PyNaCl. */

#include "signing.h"

#include <string.h>

#define SEED 32
#define PUBLIC 32
#define SIGNATURE 64
#define DIGEST 64

/* libsodium's, from sodium.c; its headers stay there. */
int crypto_sign_ed25519_seed_keypair(unsigned char *pk, unsigned char *sk, const unsigned char *seed);
int crypto_sign_ed25519_detached(unsigned char *sig, unsigned long long *siglen, const unsigned char *m,
                                 unsigned long long mlen, const unsigned char *sk);
int crypto_sign_ed25519_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long mlen,
                                        const unsigned char *pk);
int crypto_hash_sha512(unsigned char *out, const unsigned char *in, unsigned long long inlen);
void sodium_memzero(void *const bytes, const size_t n);

/* ed25519_public_key(seed) -> bytes(32) */
static mp_obj_t public_key(mp_obj_t seed)
{
    unsigned char pair[SEED + PUBLIC];
    unsigned char public[PUBLIC];
    crypto_sign_ed25519_seed_keypair(public, pair, exactly(seed, SEED));
    sodium_memzero(pair, sizeof pair);
    return mp_obj_new_bytes(public, sizeof public);
}
MP_DEFINE_CONST_FUN_OBJ_1(tasuki_public_key_obj, public_key);

/* ed25519_sign(seed, public, message) -> bytes(64)
 *
 * public is what ed25519_public_key(seed) gave on this hub, never what a message
 * holds: two signatures of one message under different public keys give the
 * secret away. It is not computed again because that costs as much as signing. */
static mp_obj_t sign(mp_obj_t seed, mp_obj_t public, mp_obj_t message)
{
    unsigned char signature[SIGNATURE];
    unsigned char pair[SEED + PUBLIC];
    mp_buffer_info_t m = readable(message);
    const uint8_t *second = exactly(public, PUBLIC);
    memcpy(pair, exactly(seed, SEED), SEED);
    memcpy(pair + SEED, second, PUBLIC);
    crypto_sign_ed25519_detached(signature, NULL, m.buf, m.len, pair);
    sodium_memzero(pair, sizeof pair);
    return mp_obj_new_bytes(signature, sizeof signature);
}
MP_DEFINE_CONST_FUN_OBJ_3(tasuki_sign_obj, sign);

/* ed25519_verify(public, message, signature) -> bool; False for any other length. */
static mp_obj_t verify(mp_obj_t public, mp_obj_t message, mp_obj_t signature)
{
    mp_buffer_info_t p = readable(public);
    mp_buffer_info_t m = readable(message);
    mp_buffer_info_t s = readable(signature);
    return mp_obj_new_bool(p.len == PUBLIC && s.len == SIGNATURE
                           && crypto_sign_ed25519_verify_detached(s.buf, m.buf, m.len, p.buf) == 0);
}
MP_DEFINE_CONST_FUN_OBJ_3(tasuki_verify_obj, verify);

/* sha512(data) -> bytes(64) */
static mp_obj_t sha512(mp_obj_t data)
{
    unsigned char digest[DIGEST];
    mp_buffer_info_t d = readable(data);
    crypto_hash_sha512(digest, d.buf, d.len);
    return mp_obj_new_bytes(digest, sizeof digest);
}
MP_DEFINE_CONST_FUN_OBJ_1(tasuki_sha512_obj, sha512);
