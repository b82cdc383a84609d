/* libsodium's sealed box with an ephemeral key that is handed in. */
#ifndef TASUKI_SODIUM_BOX_H
#define TASUKI_SODIUM_BOX_H

#include <stddef.h>
#include <stdint.h>

enum {
    TASUKI_BOX_KEY = 32,   /* bytes of a key, public or secret */
    TASUKI_BOX_EXTRA = 48, /* bytes that a box is longer than its message */
};

/* Seal the n bytes at box + TASUKI_BOX_EXTRA in place, for an X25519 public key.
 *
 * secret: 32 random bytes that are never used again: the same for two messages
 * encrypts both with one key stream. Returns 0, or -1 for a public key of small
 * order, when nothing is sealed. */
int tasuki_seal(uint8_t *box, size_t n, const uint8_t *public, const uint8_t *secret);

#endif
