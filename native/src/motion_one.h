/* The width of one hub: V is a float. */
#include <stddef.h>
#include <stdint.h>

#define V float
#define M int32_t
#define TARGET
#define FN(name) one_##name
#define MASK(comparison) (-(int32_t)(comparison))
#define ZERO 0.0f
#define ALL (-1)

static inline float one_choose(int32_t which, float yes, float no)
{
    return which ? yes : no;
}

#include "motion_width.h"
