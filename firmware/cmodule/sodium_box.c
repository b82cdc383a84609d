/* libsodium's sealed box (X25519, BLAKE2b, XSalsa20-Poly1305), unmodified parts put together.
 *
 * libsodium chooses implementations at run time by pointers, which a .mpy cannot have, and its
 * crypto_box_seal draws the ephemeral key by itself. So its portable implementations are called
 * by name here, and the ephemeral key comes from the caller. Field arithmetic is sodium.c's. */

#define NDEBUG 1
#define MINIMAL 1
#define CONFIGURED 1
#define SODIUM_STATIC 1
#define NATIVE_LITTLE_ENDIAN 1

#include "sodium_box.h"

#include "../../build/libsodium/crypto_onetimeauth_poly1305.h"
#include "../../build/libsodium/crypto_stream_salsa20.h"
#include "../../build/libsodium/utils.h"

/* only for lengths that are no lengths; all that are used here are constants */
void sodium_misuse(void)
{
    __builtin_trap();
}

#pragma GCC diagnostic ignored "-Wunused-function"

#include "../../build/libsodium/box/core_hsalsa20_ref2.c"
#include "../../build/libsodium/box/core_salsa_ref.c"
#include "../../build/libsodium/box/poly1305_donna.c"
#include "../../build/libsodium/box/salsa20_ref.c"
#include "../../build/libsodium/box/x25519_ref10.c"

#include "../../build/libsodium/box/blake2b-ref.c"
#define blake2b_IV blake2b_IV_of_compress
#include "../../build/libsodium/box/blake2b-compress-ref.c"

int crypto_stream_salsa20_xor_ic(unsigned char *c, const unsigned char *m, unsigned long long mlen,
                                 const unsigned char *n, uint64_t ic, const unsigned char *k)
{
    return stream_ref_xor_ic(c, m, mlen, n, ic, k);
}

int crypto_stream_salsa20_xor(unsigned char *c, const unsigned char *m, unsigned long long mlen,
                              const unsigned char *n, const unsigned char *k)
{
    return stream_ref_xor_ic(c, m, mlen, n, 0, k);
}

int crypto_onetimeauth_poly1305_init(crypto_onetimeauth_poly1305_state *state, const unsigned char *key)
{
    return crypto_onetimeauth_poly1305_donna_init(state, key);
}

int crypto_onetimeauth_poly1305_update(crypto_onetimeauth_poly1305_state *state, const unsigned char *in,
                                       unsigned long long inlen)
{
    return crypto_onetimeauth_poly1305_donna_update(state, in, inlen);
}

int crypto_onetimeauth_poly1305_final(crypto_onetimeauth_poly1305_state *state, unsigned char *out)
{
    return crypto_onetimeauth_poly1305_donna_final(state, out);
}

#include "../../build/libsodium/box/crypto_secretbox_easy.c"

int tasuki_seal(uint8_t *box, size_t n, const uint8_t *public, const uint8_t *secret)
{
    static const uint8_t zeros[16];
    uint8_t names[2 * TASUKI_BOX_KEY], nonce[24], shared[TASUKI_BOX_KEY], key[TASUKI_BOX_KEY];
    int failed;

    crypto_scalarmult_curve25519_ref10_base(names, secret);
    memcpy(names + TASUKI_BOX_KEY, public, TASUKI_BOX_KEY);
    blake2b(nonce, names, NULL, sizeof nonce, sizeof names, 0);
    failed = crypto_scalarmult_curve25519_ref10(shared, secret, public);
    if (!failed) {
        crypto_core_hsalsa20(key, zeros, shared, NULL);
        crypto_secretbox_easy(box + TASUKI_BOX_KEY, box + TASUKI_BOX_EXTRA, n, nonce, key);
        memcpy(box, names, TASUKI_BOX_KEY);
    }
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(key, sizeof key);
    return failed;
}
