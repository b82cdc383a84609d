/* One epoch against its signed root. The opening is checked first: after that
 * its entries are as good as signed, and each frame only has to fit its entry. */

#include "tree.h"
#include "window.h"

#define WORD (1u << 30)

/* An entry of the opening, read. */
struct block {
    const uint8_t *root;
    uint64_t t0;
    uint64_t t1;
    uint32_t first;
    uint16_t count;
    uint8_t stream;
    uint8_t kind;
};

/* Leaves that came in place of frames; null where there are none. */
struct supplement {
    const uint8_t *leaves;
    const uint8_t *given;
};

static struct block read_block(const uint8_t *entry)
{
    return (struct block){
        .root = entry + ENTRY_ROOT,
        .t0 = load_time(entry + ENTRY_T0),
        .t1 = load_time(entry + ENTRY_T1),
        .first = load32(entry + ENTRY_FIRST),
        .count = load16(entry + ENTRY_COUNT),
        .stream = entry[ENTRY_STREAM],
        .kind = entry[ENTRY_KIND],
    };
}

static int words_hold(const uint8_t *entry)
{
    return (load32(entry + ENTRY_T0) | load32(entry + ENTRY_T0 + 4) | load32(entry + ENTRY_T1)
            | load32(entry + ENTRY_T1 + 4)) < WORD;
}

/* Bounds of DESIGN section 5 and one entry per stream. */
static int bounds_hold(const uint8_t *entries, size_t n, const uint8_t kind_is_sample[256])
{
    uint32_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *entry = entries + TSK_ENTRY_SIZE * i;
        struct block block = read_block(entry);
        if (block.stream >= TSK_STREAMS || seen >> block.stream & 1 || !kind_is_sample[block.kind]) {
            return 0;
        }
        if (!block.count || block.count > TSK_MAX_BLOCK_FRAMES || block.first > WORD - block.count) {
            return 0;
        }
        if (!words_hold(entry) || block.t0 > block.t1 || block.t1 - block.t0 > TSK_MAX_BLOCK_US) {
            return 0;
        }
        seen |= 1u << block.stream;
    }
    return 1;
}

static uint8_t count_frames(const struct tsk_window *window, const struct block *block,
                            const struct supplement *supplement, struct tsk_entry_result *result)
{
    uint32_t refused = 0;
    memset(result, 0, sizeof *result);
    result->count = block->count;
    for (uint32_t i = 0; i < block->count; i++) {
        const struct record *record = tsk_window_find(window, block->stream, block->first + i);
        if (!record) {
            result->missing += !(supplement->given && supplement->given[i]);
        } else if (record->state == RECORD_REFUSED) {
            refused++;
        } else {
            result->held++;
            result->doubted += record->state == RECORD_DOUBTED;
            result->bytes += record->length;
        }
    }
    return refused ? TSK_ENTRY_REFUSED : result->missing ? TSK_ENTRY_MISSING : TSK_ENTRY_PROVED;
}

/* Kind and time order of a body whose leaf is proved. */
static int frame_holds(const struct block *block, const uint8_t *body, uint64_t *before)
{
    uint64_t time = load_time(body + 8);
    int holds = body[1] == block->kind && time >= *before && time <= block->t1;
    *before = time;
    return holds;
}

static int root_holds(const struct tsk_window *window, int sha, const uint8_t *key, const struct block *block,
                      const struct supplement *supplement, uint8_t *leaves)
{
    struct tsk_hasher hasher = {.sha = sha, .waiting = 0};
    for (uint32_t i = 0; i < block->count; i++) {
        uint8_t *leaf = leaves + TSK_NODE_SIZE * i;
        const struct record *record = tsk_window_find(window, block->stream, block->first + i);
        if (record) {
            tsk_hasher_frame(&hasher, key, (const uint8_t *)(record + 1), record->length, leaf);
        } else {
            memcpy(leaf, supplement->leaves + TSK_NODE_SIZE * i, TSK_NODE_SIZE);
        }
    }
    tsk_hasher_flush(&hasher);
    tsk_root(sha, leaves, block->count);
    return same_bytes(leaves, block->root, TSK_NODE_SIZE);
}

/* Copies the held bodies of a proved block; 0 when a frame breaks a rule. */
static int gather_block(const struct tsk_window *window, const struct block *block, struct tsk_gather *gather)
{
    uint64_t before = block->t0;
    int holds = 1;
    for (uint32_t i = 0; i < block->count; i++) {
        const struct record *record = tsk_window_find(window, block->stream, block->first + i);
        if (record) {
            const uint8_t *body = (const uint8_t *)(record + 1);
            holds &= frame_holds(block, body, &before);
            memcpy(gather->frames + gather->frames_used, body, record->length);
            gather->frames_used += record->length;
            gather->lengths[gather->places_used] = record->length;
            gather->places[gather->places_used++] = (uint16_t)i;
        }
    }
    return holds;
}

/* TSK_EPOCH_DONE with the entry's status set, or TSK_EPOCH_SPACE. */
static int decide_block(const struct tsk_window *window, int sha, const uint8_t *key, const struct block *block,
                        const struct supplement *supplement, const struct tsk_entry_result *result,
                        uint8_t *status, struct tsk_gather *gather)
{
    if (!root_holds(window, sha, key, block, supplement, gather->leaves)) {
        *status = TSK_ENTRY_ALTERED;
        return TSK_EPOCH_DONE;
    }
    if (gather->frames_len - gather->frames_used < result->bytes
        || gather->places_len - gather->places_used < result->held) {
        return TSK_EPOCH_SPACE;
    }
    if (!gather_block(window, block, gather)) {
        *status = TSK_ENTRY_BAD_FRAME;
    }
    return TSK_EPOCH_DONE;
}

/* The part of a supplement that belongs to the entry after `before` frames. */
static struct supplement part_of(const uint8_t *leaves, const uint8_t *given, size_t before)
{
    if (!leaves || !given) {
        return (struct supplement){0, 0};
    }
    return (struct supplement){leaves + TSK_NODE_SIZE * before, given + before};
}

/* The opening alone: TSK_EPOCH_DONE when its entries can be believed. */
static int check_opening(int sha, const uint8_t kind_is_sample[256], const uint8_t root[24], const uint8_t secret[16],
                         const uint8_t meta[16], const uint8_t *entries, size_t n, struct tsk_epoch *epoch)
{
    if (n > TSK_STREAMS) {
        return TSK_EPOCH_OPENING;
    }
    tsk_slot_keys(sha, secret, epoch->keys);
    tsk_slot_tree(sha, epoch->keys, entries, n, meta, epoch->nodes);
    if (!same_bytes(epoch->nodes + sizeof epoch->nodes - TSK_NODE_SIZE, root, TSK_NODE_SIZE)) {
        return TSK_EPOCH_OPENING;
    }
    return bounds_hold(entries, n, kind_is_sample) ? TSK_EPOCH_DONE : TSK_EPOCH_BOUNDS;
}

int tsk_epoch_check(const struct tsk_window *window, int sha, const uint8_t kind_is_sample[256],
                    const uint8_t root[24], const uint8_t secret[16], const uint8_t meta[16],
                    const uint8_t *entries, size_t entries_len,
                    const uint8_t *supplement, const uint8_t *given, size_t supplement_len, int final,
                    struct tsk_epoch *epoch, struct tsk_gather *gather)
{
    struct block blocks[TSK_STREAMS];
    struct supplement parts[TSK_STREAMS];
    uint32_t missing = 0;
    size_t total = 0;
    gather->frames_used = gather->places_used = 0;
    int status = check_opening(sha, kind_is_sample, root, secret, meta, entries, entries_len, epoch);
    for (size_t i = 0; status == TSK_EPOCH_DONE && i < entries_len; i++) {
        blocks[i] = read_block(entries + TSK_ENTRY_SIZE * i);
        parts[i] = part_of(supplement, given, total);
        total += blocks[i].count;
        if (supplement && total > supplement_len) {
            return TSK_EPOCH_SPACE;
        }
        epoch->status[i] = count_frames(window, &blocks[i], &parts[i], &epoch->entries[i]);
        missing += epoch->status[i] == TSK_ENTRY_MISSING;
    }
    if (status == TSK_EPOCH_DONE && missing && !final) {
        return TSK_EPOCH_INCOMPLETE;
    }
    for (size_t i = 0; status == TSK_EPOCH_DONE && i < entries_len; i++) {
        if (epoch->status[i] == TSK_ENTRY_PROVED) {
            status = decide_block(window, sha, epoch->keys + TSK_KEY_SIZE * blocks[i].stream, &blocks[i], &parts[i],
                                  &epoch->entries[i], &epoch->status[i], gather);
        }
    }
    return status;
}
