/* What packing and unpacking share. */
#ifndef TASUKI_PACKING_H
#define TASUKI_PACKING_H

#include <stdint.h>

enum { WIDEST_CODE = 15 }; /* stands for 16 bits */

/* The width code for differences whose bits, joined by or, are these. */
static inline unsigned width_code(uint32_t bits)
{
    unsigned code = 0;
    while (code < WIDEST_CODE && bits >> code) {
        code++;
    }
    return code;
}

static inline unsigned code_width(unsigned code)
{
    return code == WIDEST_CODE ? 16 : code;
}

#endif
