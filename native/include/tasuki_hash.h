/* SHA-256 (FIPS 180-4) and the leaves and roots of tasuki_wire.epoch, in batch. */
#ifndef TASUKI_HASH_H
#define TASUKI_HASH_H

#include "tasuki_frame.h"

/* Which code computes the hash; the result is the same. */
enum tsk_sha {
    TSK_SHA_PORTABLE,
    TSK_SHA_NI /* x86 SHA extensions; only where tsk_sha_best() says so */
};

/* The fastest way that this processor has. */
int tsk_sha_best(void);

void tsk_sha256(int sha, const uint8_t *data, size_t n, uint8_t out[32]);

/* K_s for all 16 slots from the epoch secret. */
void tsk_slot_keys(int sha, const uint8_t secret[16], uint8_t keys[256]);

/* Leaves of n frame bodies that lie one after the other; no body is longer than
 * TSK_MAX_FRAME. leaves has 24 * n bytes. */
void tsk_leaves(int sha, const uint8_t key[16], const uint8_t *bodies, const uint16_t *lengths, size_t n,
                uint8_t *leaves);

/* Root over n >= 1 leaves, found in leaves[0 .. 24); the rest is overwritten. */
void tsk_root(int sha, uint8_t *leaves, size_t n);

/* All 31 nodes of the slot tree: 16 leaves, 8, 4, 2, and the root in the last 24
 * bytes. entries holds n of 48 bytes; slots without entry count as unused.
 * Of two entries with one stream the later one counts. */
void tsk_slot_tree(int sha, const uint8_t keys[256], const uint8_t *entries, size_t n, const uint8_t meta[16],
                   uint8_t nodes[744]);

#endif
