/* libsodium's Ed25519 and SHA-512, unmodified, in one translation unit.
 *
 * packaging/cmodule.sh lays the sources into build/libsodium; there every
 * include finds its file without a search path, so that names as common as
 * utils.h reach no other part of an image. Fields are 10 limbs of 25.5 bits on
 * every target, so that the tests on a computer run what a board runs. */

#define CONFIGURED 1
#define SODIUM_STATIC 1
#define NATIVE_LITTLE_ENDIAN 1

#include "../../build/libsodium/crypto_hash_sha512.h"
#include "../../build/libsodium/utils.h"

/* Three functions of libsodium's utils.c, which needs an operating system for the
 * rest. None of them takes a time that depends on the bytes. */

void sodium_memzero(void *const bytes, const size_t n)
{
    volatile unsigned char *volatile p = bytes;
    for (size_t i = 0; i < n; i++) {
        p[i] = 0;
    }
}

int sodium_memcmp(const void *const a, const void *const b, size_t n)
{
    const volatile unsigned char *volatile p = a;
    const volatile unsigned char *volatile q = b;
    volatile unsigned char differ = 0;
    for (size_t i = 0; i < n; i++) {
        differ |= p[i] ^ q[i];
    }
    return (1 & ((differ - 1) >> 8)) - 1;
}

int sodium_is_zero(const unsigned char *bytes, const size_t n)
{
    volatile unsigned char any = 0;
    for (size_t i = 0; i < n; i++) {
        any |= bytes[i];
    }
    return 1 & ((any - 1) >> 8);
}

#pragma GCC diagnostic ignored "-Wunused-function"

#include "../../build/libsodium/ed25519_ref10.c"
#include "../../build/libsodium/hash_sha512_cp.c"
#include "../../build/libsodium/keypair.c"
#include "../../build/libsodium/open.c"
#include "../../build/libsodium/sign.c"
#include "../../build/libsodium/verify.c"
