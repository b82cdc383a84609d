/* The orientation filter of TSK_LANES hubs: vectors of hubs, each with the bits of the single form. */
#include "motion_orient.h"
#include "motion_vectors.h"

#if TSK_HAS_VECTORS

#define V tsk_four
#define M tsk_four_words
#define TARGET
#define FN(name) four_##name
#include "motion_vector.h"
#include "motion_orient_step.h"
#include "motion_orient_run.h"

static void narrow(const struct tsk_orient_coef *coef, float *rows, const float *gyro, const float *accel,
                   const float *mag, size_t n, float *out)
{
    for (size_t i = 0; i < TSK_LANES; i += 4) {
        four_orient_run(coef, rows + i, TSK_LANES, gyro + i, accel + i, mag ? mag + i : mag, n, out + i);
    }
}

#else

static void narrow(const struct tsk_orient_coef *coef, float *rows, const float *gyro, const float *accel,
                   const float *mag, size_t n, float *out)
{
    for (size_t lane = 0; lane < TSK_LANES; lane++) {
        struct tsk_orient_state one;
        for (size_t i = 0; i < TSK_ORIENT_ROWS; i++) {
            one.row[i] = rows[i * TSK_LANES + lane];
        }
        for (size_t k = 0; k < n; k++) {
            float in[9], answer[TSK_ORIENT_OUT];
            for (size_t i = 0; i < 3; i++) {
                size_t at = (3 * k + i) * TSK_LANES + lane;
                in[i] = gyro[at];
                in[3 + i] = accel[at];
                in[6 + i] = mag ? mag[at] : 0.0f;
            }
            tsk_orient_process(coef, &one, in, in + 3, in + 6, 1, answer);
            for (size_t i = 0; i < TSK_ORIENT_OUT; i++) {
                out[(TSK_ORIENT_OUT * k + i) * TSK_LANES + lane] = answer[i];
            }
        }
        for (size_t i = 0; i < TSK_ORIENT_ROWS; i++) {
            rows[i * TSK_LANES + lane] = one.row[i];
        }
    }
}

#endif

#if TSK_HAS_AVX2

void tsk_orient_eights(const struct tsk_orient_coef *coef, float *rows, const float *gyro, const float *accel,
                       const float *mag, size_t n, float *out);

void tsk_orient_process_lanes(const struct tsk_orient_coef *coef, struct tsk_orient_lanes *state,
                              const float *gyro, const float *accel, const float *mag, size_t n, float *out)
{
    if (__builtin_cpu_supports("avx2")) {
        tsk_orient_eights(coef, state->row[0], gyro, accel, mag, n, out);
    } else {
        narrow(coef, state->row[0], gyro, accel, mag, n, out);
    }
}

#else

void tsk_orient_process_lanes(const struct tsk_orient_coef *coef, struct tsk_orient_lanes *state,
                              const float *gyro, const float *accel, const float *mag, size_t n, float *out)
{
    narrow(coef, state->row[0], gyro, accel, mag, n, out);
}

#endif
