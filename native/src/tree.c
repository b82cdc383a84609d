/* Leaves, roots and the slot tree of tasuki_wire.epoch. */

#include "sha256.h"

#include "bytes.h"
#include "tree.h"

#define FRAME_TAG 0x00
#define NODE_TAG 0x01
#define SLOT_TAG 0x02
#define KEY_TAG 0x03
#define PREFIX (1 + TSK_KEY_SIZE)

static const uint32_t start[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static void store_hash(const uint32_t state[8], uint8_t *out, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        out[4 * i] = (uint8_t)(state[i] >> 24);
        out[4 * i + 1] = (uint8_t)(state[i] >> 16);
        out[4 * i + 2] = (uint8_t)(state[i] >> 8);
        out[4 * i + 3] = (uint8_t)state[i];
    }
}

/* Pads a message of n bytes that stands at the start of block; returns its blocks. */
static size_t pad(uint8_t *block, size_t n)
{
    size_t count = (n + 9 + 63) / 64;
    memset(block + n, 0, 64 * count - n);
    block[n] = 0x80;
    block[64 * count - 3] = (uint8_t)(n >> 13);
    block[64 * count - 2] = (uint8_t)(n >> 5);
    block[64 * count - 1] = (uint8_t)(n << 3);
    return count;
}

static void compress(int sha, uint32_t state[8], const uint8_t *blocks, size_t count)
{
    if (sha == TSK_SHA_NI) {
        tsk_compress_ni(state, blocks, count);
    } else {
        tsk_compress_portable(state, blocks, count);
    }
}

/* How many messages from the first on have as many blocks as it has. */
static size_t alike(const struct tsk_hasher *h)
{
    size_t n = 1;
    while (n < h->waiting && h->counts[n] == h->counts[0]) {
        n++;
    }
    return n;
}

void tsk_hasher_flush(struct tsk_hasher *h)
{
    uint32_t states[TSK_LANES][8];
    size_t done = 0;
    const int together = h->waiting == TSK_LANES && alike(h) == TSK_LANES;
    for (size_t i = 0; i < h->waiting; i++) {
        memcpy(states[i], start, sizeof start);
    }
    if (together && h->sha != TSK_SHA_NI) {
        const uint8_t *const blocks[4] = {h->blocks[0], h->blocks[1], h->blocks[2], h->blocks[3]};
        tsk_compress_four(states, blocks, h->counts[0]);
        done = h->waiting;
    }
    while (done < h->waiting) {
        const int pair = done + 1 < h->waiting && h->counts[done] == h->counts[done + 1];
        if (pair && h->sha == TSK_SHA_NI) {
            tsk_compress_ni_two(states[done], states[done + 1], h->blocks[done], h->blocks[done + 1],
                                h->counts[done]);
            done += 2;
        } else {
            compress(h->sha, states[done], h->blocks[done], h->counts[done]);
            done++;
        }
    }
    for (size_t i = 0; i < h->waiting; i++) {
        store_hash(states[i], h->out[i], TSK_NODE_SIZE / 4);
    }
    h->waiting = 0;
}

/* Room for the next message; earlier ones may still wait. */
static uint8_t *next_message(struct tsk_hasher *h)
{
    if (h->waiting == TSK_LANES) {
        tsk_hasher_flush(h);
    }
    return h->blocks[h->waiting];
}

static void put_message(struct tsk_hasher *h, size_t n, uint8_t *out)
{
    h->counts[h->waiting] = pad(h->blocks[h->waiting], n);
    h->out[h->waiting++] = out;
}

static void put_salted(struct tsk_hasher *h, uint8_t tag, const uint8_t *key, const uint8_t *data, size_t n,
                       uint8_t *leaf)
{
    uint8_t *block = next_message(h);
    block[0] = tag;
    memcpy(block + 1, key, TSK_KEY_SIZE);
    if (n) {
        memcpy(block + PREFIX, data, n);
    }
    put_message(h, PREFIX + n, leaf);
}

void tsk_hasher_frame(struct tsk_hasher *h, const uint8_t *key, const uint8_t *body, size_t n, uint8_t *leaf)
{
    put_salted(h, FRAME_TAG, key, body, n, leaf);
}

static void put_node(struct tsk_hasher *h, const uint8_t *pair, uint8_t *out)
{
    uint8_t *block = next_message(h);
    block[0] = NODE_TAG;
    memcpy(block + 1, pair, 2 * TSK_NODE_SIZE);
    put_message(h, 1 + 2 * TSK_NODE_SIZE, out);
}

void tsk_sha256(int sha, const uint8_t *data, size_t n, uint8_t out[32])
{
    uint32_t state[8];
    uint8_t last[128];
    size_t whole = n / 64;
    size_t rest = n % 64;
    uint64_t bits = (uint64_t)n << 3;
    memcpy(state, start, sizeof state);
    compress(sha, state, data, whole);
    if (rest) {
        memcpy(last, data + 64 * whole, rest);
    }
    size_t count = pad(last, rest);
    for (size_t i = 0; i < 8; i++) {
        last[64 * count - 1 - i] = (uint8_t)(bits >> 8 * i);
    }
    compress(sha, state, last, count);
    store_hash(state, out, 8);
}

void tsk_slot_keys(int sha, const uint8_t secret[16], uint8_t keys[256])
{
    struct tsk_hasher h = {.sha = sha, .waiting = 0};
    uint8_t hashes[TSK_SLOTS * TSK_NODE_SIZE];
    for (uint8_t slot = 0; slot < TSK_SLOTS; slot++) {
        uint8_t *block = next_message(&h);
        block[0] = KEY_TAG;
        memcpy(block + 1, secret, 16);
        block[17] = slot;
        put_message(&h, 18, hashes + TSK_NODE_SIZE * slot);
    }
    tsk_hasher_flush(&h);
    for (size_t slot = 0; slot < TSK_SLOTS; slot++) {
        memcpy(keys + TSK_KEY_SIZE * slot, hashes + TSK_NODE_SIZE * slot, TSK_KEY_SIZE);
    }
}

void tsk_leaves(int sha, const uint8_t key[16], const uint8_t *bodies, const uint16_t *lengths, size_t n,
                uint8_t *leaves)
{
    struct tsk_hasher h = {.sha = sha, .waiting = 0};
    for (size_t i = 0; i < n; i++) {
        tsk_hasher_frame(&h, key, bodies, lengths[i], leaves + TSK_NODE_SIZE * i);
        bodies += lengths[i];
    }
    tsk_hasher_flush(&h);
}

/* Parents of n nodes go to up, which may be level itself: a message is copied
 * when it is put, and its place is written only after. */
static void parents(struct tsk_hasher *h, const uint8_t *level, size_t n, uint8_t *up)
{
    for (size_t i = 0; i < n / 2; i++) {
        put_node(h, level + 2 * TSK_NODE_SIZE * i, up + TSK_NODE_SIZE * i);
    }
    tsk_hasher_flush(h);
}

void tsk_root(int sha, uint8_t *leaves, size_t n)
{
    struct tsk_hasher h = {.sha = sha, .waiting = 0};
    while (n > 1) {
        parents(&h, leaves, n, leaves);
        if (n & 1) {
            memcpy(leaves + TSK_NODE_SIZE * (n / 2), leaves + TSK_NODE_SIZE * (n - 1), TSK_NODE_SIZE);
        }
        n = (n + 1) / 2;
    }
}

void tsk_slot_tree(int sha, const uint8_t keys[256], const uint8_t *entries, size_t n, const uint8_t meta[16],
                   uint8_t nodes[744])
{
    struct tsk_hasher h = {.sha = sha, .waiting = 0};
    const uint8_t *of_slot[TSK_SLOTS] = {0};
    for (size_t i = 0; i < n; i++) {
        of_slot[entries[TSK_ENTRY_SIZE * i] % TSK_SLOTS] = entries + TSK_ENTRY_SIZE * i;
    }
    of_slot[TSK_SLOTS - 1] = meta;
    for (size_t slot = 0; slot < TSK_SLOTS; slot++) {
        size_t size = slot == TSK_SLOTS - 1 ? TSK_META_SIZE : of_slot[slot] ? TSK_ENTRY_SIZE : 0;
        put_salted(&h, SLOT_TAG, keys + TSK_KEY_SIZE * slot, of_slot[slot], size, nodes + TSK_NODE_SIZE * slot);
    }
    tsk_hasher_flush(&h);
    uint8_t *level = nodes;
    for (size_t count = TSK_SLOTS; count > 1; count /= 2) {
        parents(&h, level, count, level + TSK_NODE_SIZE * count);
        level += TSK_NODE_SIZE * count;
    }
}
