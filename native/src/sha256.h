/* The compression function, for one, two or four messages at a time. */
#ifndef TASUKI_SHA256_H
#define TASUKI_SHA256_H

#include "tasuki_hash.h"

extern const uint32_t tsk_sha256_k[64];

/* Take count blocks of 64 bytes into a state, or as many of each of several
 * messages. The ni functions need tsk_sha_best() == TSK_SHA_NI. */
void tsk_compress_portable(uint32_t state[8], const uint8_t *blocks, size_t count);
void tsk_compress_ni(uint32_t state[8], const uint8_t *blocks, size_t count);
void tsk_compress_ni_two(uint32_t a[8], uint32_t b[8], const uint8_t *of_a, const uint8_t *of_b, size_t count);
void tsk_compress_four(uint32_t states[4][8], const uint8_t *const blocks[4], size_t count);

#endif
