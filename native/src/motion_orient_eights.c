/* The orientation filter of TSK_LANES hubs, eight in a vector. */
#include "motion_orient.h"
#include "motion_vectors.h"

#if TSK_HAS_AVX2

#define V tsk_eight
#define M tsk_eight_words
#define TARGET __attribute__((target("avx2")))
#define FN(name) eight_##name
#include "motion_vector.h"
#include "motion_orient_step.h"
#include "motion_orient_run.h"

void tsk_orient_eights(const struct tsk_orient_coef *coef, float *rows, const float *gyro, const float *accel,
                       const float *mag, size_t n, float *out);

TARGET void tsk_orient_eights(const struct tsk_orient_coef *coef, float *rows, const float *gyro,
                              const float *accel, const float *mag, size_t n, float *out)
{
    for (size_t i = 0; i < TSK_LANES; i += 8) {
        eight_orient_run(coef, rows + i, TSK_LANES, gyro + i, accel + i, mag ? mag + i : mag, n, out + i);
    }
}

#else

typedef int tsk_orient_eights_nothing_here;

#endif
