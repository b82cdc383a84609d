// The key region: flash of its own for one record, which no program of the
// interpreter reads.
#ifndef TASUKI_BOARD_REGION_H
#define TASUKI_BOARD_REGION_H

#include <stdbool.h>
#include <stdint.h>

#define HUB_LOCKED (1u) // bit of flags
#define HUB_SUCCESSION (213u) // bytes of tasuki_wire/succession.py's statement

// What a hub must not lose or show. Everything is replaced together.
typedef struct {
    uint32_t magic;
    uint32_t number;      // counts the records; the highest one holds
    uint32_t flags;
    uint32_t session;     // counter of boots that signed
    uint32_t sequence;    // highest consent token accepted
    uint32_t floor;       // highest firmware counter confirmed
    uint8_t seed[32];
    uint8_t authority[32];
    uint8_t succession[216]; // how the key before this one certified it; zeros for a first key
    uint8_t check[16];    // SHA-256 of what stands before, first 16 bytes
} hub_record_t;

// All return false when the region cannot be read or written.
bool hub_region_load(hub_record_t *record, bool *present);
bool hub_region_tidy(void);                       // finish what a power cut left half done
bool hub_region_store(hub_record_t *record);      // sets magic, number and check
bool hub_region_destroy(void);                    // nothing is left of any record

// For tests: operation number `at`, counted from 0 at the start, does only so
// many bytes and then the power is gone. -1: none.
void hub_region_cut(int at, int bytes);
int hub_region_operations(void);

#endif
