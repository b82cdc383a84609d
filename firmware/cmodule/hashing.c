/* The hash is native/src's; here is what the hub hashes, and where it puts it. */

#include "hashing.h"

#include <string.h>

#include "../../native/include/tasuki_hash.h"

#define NODE TSK_NODE_SIZE
#define FRAME_TAG 0x00
#define NODE_TAG 0x01
#define MAX_BODY 250   /* layout.MAX_FRAME without the CRC */
#define MAX_LEAVES 1024 /* layout.MAX_BLOCK_FRAMES */
#define MAX_LEVELS 11  /* nodes that wait for their sibling among 1,024 leaves */

void tsk_hash_salted(uint8_t *message, const uint8_t *key, size_t n, uint8_t out[NODE])
{
    uint8_t hash[32];
    message[0] = FRAME_TAG;
    memcpy(message + 1, key, TSK_KEY_SIZE);
    tsk_sha256(TSK_SHA_PORTABLE, message, TSK_SALTED + n, hash);
    memcpy(out, hash, NODE);
}

static void hash_leaf(mp_obj_t key, mp_obj_t body, uint8_t out[NODE])
{
    uint8_t message[TSK_SALTED + MAX_BODY];
    mp_buffer_info_t b = readable(body);
    if (b.len > MAX_BODY) {
        mp_raise_ValueError(MP_ERROR_TEXT("length"));
    }
    memcpy(message + TSK_SALTED, b.buf, b.len);
    tsk_hash_salted(message, exactly(key, TSK_KEY_SIZE), b.len, out);
}

void tsk_hash_node(const uint8_t *left, const uint8_t *right, uint8_t out[NODE])
{
    uint8_t message[1 + 2 * NODE];
    uint8_t hash[32];
    message[0] = NODE_TAG;
    memcpy(message + 1, left, NODE);
    memcpy(message + 1 + NODE, right, NODE);
    tsk_sha256(TSK_SHA_PORTABLE, message, sizeof message, hash);
    memcpy(out, hash, NODE);
}

/* frame_leaf(key, body) -> bytes(24); key of 16 bytes, body of at most 250 */
static mp_obj_t frame_leaf(mp_obj_t key, mp_obj_t body)
{
    uint8_t leaf[NODE];
    hash_leaf(key, body, leaf);
    return mp_obj_new_bytes(leaf, sizeof leaf);
}
MP_DEFINE_CONST_FUN_OBJ_2(tasuki_frame_leaf_obj, frame_leaf);

/* frame_leaf_into(dst, at, key, body): the leaf to dst[at : at + 24] */
static mp_obj_t frame_leaf_into(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    uint8_t leaf[NODE];
    mp_buffer_info_t to = writable(args[0]);
    size_t at = within(args[1], to.len);
    if (to.len - at < NODE) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("buffer"));
    }
    hash_leaf(args[2], args[3], leaf);
    memcpy((uint8_t *)to.buf + at, leaf, NODE);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_frame_leaf_into_obj, 4, 4, frame_leaf_into);

/* node(left, right) -> bytes(24) */
static mp_obj_t node(mp_obj_t left, mp_obj_t right)
{
    uint8_t parent[NODE];
    tsk_hash_node(exactly(left, NODE), exactly(right, NODE), parent);
    return mp_obj_new_bytes(parent, sizeof parent);
}
MP_DEFINE_CONST_FUN_OBJ_2(tasuki_node_obj, node);

/* root(leaves) -> bytes(24)
 *
 * Unlike tsk_root it leaves the leaves as they are, which the hub keeps for
 * resends: one node waits per level, as the bits of the count so far say. */
static mp_obj_t root(mp_obj_t leaves)
{
    uint8_t waiting[MAX_LEVELS + 1][NODE];
    mp_buffer_info_t l = readable(leaves);
    size_t n = l.len / NODE;
    size_t depth = 0;
    if (n < 1 || n > MAX_LEAVES || l.len % NODE) {
        mp_raise_ValueError(MP_ERROR_TEXT("length"));
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(waiting[depth++], (const uint8_t *)l.buf + NODE * i, NODE);
        for (size_t full = i; full & 1; full >>= 1) {
            depth--;
            tsk_hash_node(waiting[depth - 1], waiting[depth], waiting[depth - 1]);
        }
    }
    for (; depth > 1; depth--) {
        tsk_hash_node(waiting[depth - 2], waiting[depth - 1], waiting[depth - 2]);
    }
    return mp_obj_new_bytes(waiting[0], NODE);
}
MP_DEFINE_CONST_FUN_OBJ_1(tasuki_root_obj, root);

/* slot_keys(secret) -> bytes(256), the keys of the 16 slots; secret of 16 bytes */
static mp_obj_t slot_keys(mp_obj_t secret)
{
    uint8_t keys[TSK_SLOTS * TSK_KEY_SIZE];
    tsk_slot_keys(TSK_SHA_PORTABLE, exactly(secret, 16), keys);
    return mp_obj_new_bytes(keys, sizeof keys);
}
MP_DEFINE_CONST_FUN_OBJ_1(tasuki_slot_keys_obj, slot_keys);

/* slot_root(keys, entries, meta) -> bytes(24)
 *
 * Root over the 16 slots of an epoch: their keys, the entries of the used slots
 * joined in any order, meta entry of 16 bytes. */
static mp_obj_t slot_root(mp_obj_t keys, mp_obj_t entries, mp_obj_t meta)
{
    uint8_t nodes[(2 * TSK_SLOTS - 1) * NODE];
    mp_buffer_info_t e = readable(entries);
    size_t n = e.len / TSK_ENTRY_SIZE;
    const uint8_t *last = exactly(meta, TSK_META_SIZE);
    int holds = n < TSK_SLOTS && e.len % TSK_ENTRY_SIZE == 0;
    for (size_t i = 0; holds && i < n; i++) {
        holds = ((const uint8_t *)e.buf)[TSK_ENTRY_SIZE * i] < TSK_STREAMS;
    }
    if (!holds) {
        mp_raise_ValueError(MP_ERROR_TEXT("entries"));
    }
    tsk_slot_tree(TSK_SHA_PORTABLE, exactly(keys, TSK_SLOTS * TSK_KEY_SIZE), e.buf, n, last, nodes);
    return mp_obj_new_bytes(nodes + sizeof nodes - NODE, NODE);
}
MP_DEFINE_CONST_FUN_OBJ_3(tasuki_slot_root_obj, slot_root);
