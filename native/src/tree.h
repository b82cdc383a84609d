/* Short hashes, taken several at a time. */
#ifndef TASUKI_TREE_H
#define TASUKI_TREE_H

#include "tasuki_hash.h"

#define TSK_LANES 4

/* Collects messages until all lanes are taken, then hashes them side by side. */
struct tsk_hasher {
    int sha;
    size_t waiting;
    size_t counts[TSK_LANES]; /* blocks of each */
    uint8_t *out[TSK_LANES];
    uint8_t blocks[TSK_LANES][5 * 64]; /* key and the longest body take 5 blocks */
};

/* Leaf of a frame body of n <= TSK_MAX_FRAME bytes; written at the next flush. */
void tsk_hasher_frame(struct tsk_hasher *h, const uint8_t *key, const uint8_t *body, size_t n, uint8_t *leaf);

void tsk_hasher_flush(struct tsk_hasher *h);

#endif
