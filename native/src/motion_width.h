/* What every width of the motion filters needs, after V, M and TARGET are defined. */

union FN(bits) {
    V value;
    M word;
};

/* Lanes that lie side by side in memory; v lanes may start wherever a float may. */
static inline TARGET V FN(load)(const float *from)
{
    union {
        V value;
        float each[sizeof(V) / sizeof(float)];
    } got;
    for (size_t i = 0; i < sizeof(V) / sizeof(float); i++) {
        got.each[i] = from[i];
    }
    return got.value;
}

static inline TARGET void FN(store)(V value, float *to)
{
    union {
        V value;
        float each[sizeof(V) / sizeof(float)];
    } put = {.value = value};
    for (size_t i = 0; i < sizeof(V) / sizeof(float); i++) {
        to[i] = put.each[i];
    }
}

static inline TARGET int FN(any)(M which)
{
    union {
        M value;
        int32_t each[sizeof(M) / sizeof(int32_t)];
    } bits = {.value = which};
    int32_t all = 0;
    for (size_t i = 0; i < sizeof(M) / sizeof(int32_t); i++) {
        all |= bits.each[i];
    }
    return all != 0;
}

#include "motion_math.h"
