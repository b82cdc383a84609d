// The key region: two erase blocks of NOR flash, one record in each at most.
//
// A record is written into the block that the valid one is not in, so that one
// valid record is there at every moment. The flash is a file of the host that
// hub_host.c shows to no Python program; on a part it is a protected sector.
#include "hub_region.h"

#include <stdlib.h>
#include <string.h>

#include "../../../native/include/tasuki_hash.h"
#include "hub.h"

#define PATH "vault.img"
#define BLOCK (4096u)
#define BLOCKS (2u)
#define MAGIC (0x746c7632u)
#define MAGIC_1 (0x746c7631u) // a record without a succession
#define RW (3) // fopen's r+b
#define CREATE (5) // wb

void sodium_memzero(void *const bytes, const size_t n);

static int cut_at = -1, cut_bytes, operations;

void hub_region_cut(int at, int bytes) {
    cut_at = at;
    cut_bytes = bytes;
}

int hub_region_operations(void) {
    return operations;
}

// -- the flash ------------------------------------------------------------------

static int begin(void) {
    int fd = hub_host_open(PATH, sizeof(PATH) - 1, RW);
    if (fd >= 0) {
        return fd;
    }
    fd = hub_host_open(PATH, sizeof(PATH) - 1, CREATE);
    if (fd >= 0) {
        uint8_t erased[64];
        memset(erased, 0xff, sizeof(erased));
        for (uint32_t at = 0; at < BLOCKS * BLOCK; at += sizeof(erased)) {
            hub_host_write(fd, erased, sizeof(erased));
        }
        hub_host_close(fd);
        fd = hub_host_open(PATH, sizeof(PATH) - 1, RW);
    }
    return fd;
}

static bool read_at(int fd, uint32_t at, void *buf, size_t len) {
    return hub_host_seek(fd, at) == 0 && hub_host_read(fd, buf, len) == (int)len;
}

static bool write_at(int fd, uint32_t at, const void *buf, size_t len) {
    return hub_host_seek(fd, at) == 0 && hub_host_write(fd, buf, len) == (int)len;
}

// How much of the next operation happens before the power goes.
static size_t next_operation(size_t len) {
    size_t part = operations == cut_at && (size_t)cut_bytes < len ? (size_t)cut_bytes : len;
    return part;
}

static void end_operation(void) {
    if (operations++ == cut_at) {
        exit(0);
    }
}

// Programming only clears bits.
static bool program(int fd, unsigned int block, const void *data, size_t len) {
    uint8_t old[sizeof(hub_record_t)];
    len = next_operation(len);
    bool done = read_at(fd, block * BLOCK, old, len);
    for (size_t i = 0; i < len; i++) {
        old[i] &= ((const uint8_t *)data)[i];
    }
    done = done && write_at(fd, block * BLOCK, old, len);
    sodium_memzero(old, sizeof(old));
    end_operation();
    return done;
}

static bool erase(int fd, unsigned int block) {
    uint8_t erased[64];
    memset(erased, 0xff, sizeof(erased));
    size_t len = next_operation(BLOCK);
    bool done = true;
    for (size_t at = 0; done && at < len; at += sizeof(erased)) {
        size_t n = len - at < sizeof(erased) ? len - at : sizeof(erased);
        done = write_at(fd, block * BLOCK + at, erased, n);
    }
    end_operation();
    return done;
}

// -- records --------------------------------------------------------------------

static void hash(const hub_record_t *record, size_t len, uint8_t check[16]) {
    uint8_t digest[32];
    tsk_sha256(TSK_SHA_PORTABLE, (const uint8_t *)record, len, digest);
    memcpy(check, digest, 16);
}

static void check_of(const hub_record_t *record, uint8_t check[16]) {
    hash(record, offsetof(hub_record_t, check), check);
}

// What an older image wrote holds on: its check stands where the succession is now.
static void read_older(hub_record_t *record) {
    uint8_t check[16];
    hash(record, offsetof(hub_record_t, succession), check);
    if (record->magic == MAGIC_1 && memcmp(record->succession, check, sizeof(check)) == 0) {
        record->magic = MAGIC;
        memset(record->succession, 0, sizeof(record->succession));
        check_of(record, record->check);
    }
}

static bool valid(const hub_record_t *record) {
    uint8_t check[16];
    check_of(record, check);
    return record->magic == MAGIC && memcmp(record->check, check, sizeof(check)) == 0;
}

static bool blank(const hub_record_t *record) {
    const uint8_t *bytes = (const uint8_t *)record;
    for (size_t i = 0; i < sizeof(*record); i++) {
        if (bytes[i] != 0xff) {
            return false;
        }
    }
    return true;
}

// Both records and which one holds; -1: none. -2: the flash does not answer.
static int look(int fd, hub_record_t records[BLOCKS]) {
    int holds = -1;
    for (unsigned int i = 0; i < BLOCKS; i++) {
        if (!read_at(fd, i * BLOCK, &records[i], sizeof(records[i]))) {
            return -2;
        }
        read_older(&records[i]);
        if (valid(&records[i]) && (holds < 0 || records[i].number > records[holds].number)) {
            holds = (int)i;
        }
    }
    return holds;
}

// Zeros first: programming takes microseconds, erasing many milliseconds.
static bool wipe(int fd, unsigned int block) {
    static const hub_record_t zeros;
    return program(fd, block, &zeros, sizeof(zeros)) && erase(fd, block);
}

bool hub_region_load(hub_record_t *record, bool *present) {
    hub_record_t records[BLOCKS];
    int fd = begin();
    if (fd < 0) {
        return false;
    }
    int holds = look(fd, records);
    hub_host_close(fd);
    *present = holds >= 0;
    if (holds >= 0) {
        *record = records[holds];
    }
    sodium_memzero(records, sizeof(records));
    return holds != -2;
}

// A block beside the valid record may hold an older state of the same hub, so
// that a record is never lost to one cut. It may not hold another key or an
// unlocked state, nor half of something.
static bool belongs(const hub_record_t *old, const hub_record_t *holds) {
    return blank(old) || (holds && valid(old) && old->flags == holds->flags
        && memcmp(old->seed, holds->seed, sizeof(old->seed)) == 0);
}

bool hub_region_tidy(void) {
    hub_record_t records[BLOCKS];
    int fd = begin();
    if (fd < 0) {
        return false;
    }
    int holds = look(fd, records);
    bool done = holds != -2;
    for (unsigned int i = 0; done && i < BLOCKS; i++) {
        if ((int)i != holds && !belongs(&records[i], holds >= 0 ? &records[holds] : NULL)) {
            done = wipe(fd, i);
        }
    }
    hub_host_close(fd);
    sodium_memzero(records, sizeof(records));
    return done;
}

bool hub_region_store(hub_record_t *record) {
    hub_record_t records[BLOCKS];
    int fd = begin();
    if (fd < 0) {
        return false;
    }
    int holds = look(fd, records);
    unsigned int target = holds == 0 ? 1 : 0;
    record->magic = MAGIC;
    record->number = holds < 0 ? 1 : records[holds].number + 1;
    check_of(record, record->check);
    bool done = holds != -2 && (blank(&records[target]) || erase(fd, target))
        && program(fd, target, record, sizeof(*record));
    hub_host_close(fd);
    sodium_memzero(records, sizeof(records));
    return done && hub_region_tidy();
}

bool hub_region_destroy(void) {
    hub_record_t records[BLOCKS];
    int fd = begin();
    if (fd < 0) {
        return false;
    }
    int holds = look(fd, records);
    sodium_memzero(records, sizeof(records));
    // the older one first: were it the last to go, it would hold for a moment
    unsigned int last = holds == 1 ? 1 : 0;
    bool done = holds != -2 && wipe(fd, 1 - last) && wipe(fd, last);
    hub_host_close(fd);
    return done;
}
