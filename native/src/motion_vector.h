/* The width of several hubs: V and M are vectors. */
#include <stddef.h>
#include <stdint.h>

#define MASK(comparison) ((M)(comparison))
#define ZERO ((V){0})
#define ALL (~(M){0})

union FN(chosen) {
    V value;
    M word;
};

static inline TARGET V FN(choose)(M which, V yes, V no)
{
    union FN(chosen) a = {.value = yes}, b = {.value = no};
    union FN(chosen) c = {.word = (a.word & which) | (b.word & ~which)};
    return c.value;
}

#include "motion_width.h"
