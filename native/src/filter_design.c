/* Biquad cascades: coefficients from second-order sections. */
#include "tasuki_filters.h"

static const double ONE_Q30 = 1073741824.0;
static const double LARGEST = 2147483647.0;
enum { MOST_LIFT = 2 };

size_t tsk_biquad_words_f32(const struct tsk_biquad_params *params)
{
    return (2u * (size_t)params->sections + 1u) * (size_t)params->channels;
}

size_t tsk_biquad_words_i32(const struct tsk_biquad_params *params)
{
    return (4u * (size_t)params->sections + 2u) * (size_t)params->channels;
}

/* A coefficient as so many fractional bits of an integer, rounded half away from zero; 0: it does not fit. */
static int fits(double value, double one, int32_t *fixed)
{
    double scaled = value * one;
    if (!(scaled > -LARGEST && scaled < LARGEST)) {
        return 0;
    }
    *fixed = (int32_t)(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
    return 1;
}

/* b0 b1 b2 with as many places as all of them allow, a1 a2 with 30; 0: they do not fit. */
static int fix(const double *row, double gain, int32_t *fixed, int32_t *lift)
{
    double one = gain * ONE_Q30;
    int fit = 0;
    for (*lift = 0; !fit && *lift <= MOST_LIFT; *lift += !fit) {
        fit = fits(row[0], one, &fixed[0]) && fits(row[1], one, &fixed[1]) && fits(row[2], one, &fixed[2]);
        one /= 2.0;
    }
    return fit && fits(row[4], ONE_Q30, &fixed[3]) && fits(row[5], ONE_Q30, &fixed[4]);
}

static double absolute(double x)
{
    return x < 0.0 ? -x : x;
}

/* The least power of two above x, as its exponent; x > 0. */
static int32_t exponent(double x)
{
    int32_t e = 0;
    for (; x >= 1.0 && e < 1100; x /= 2.0) { /* ends for an infinite one too */
        e += 1;
    }
    for (; x < 0.5; x *= 2.0) {
        e -= 1;
    }
    return e;
}

static double power_of_two(int32_t e)
{
    double x = 1.0;
    for (; e > 0; e--) {
        x *= 2.0;
    }
    for (; e < 0; e++) {
        x /= 2.0;
    }
    return x;
}

/* Powers of two that make the numerators of all sections alike, of product one: SciPy puts the
 * gain into the first section, where a low corner would leave less than a count. */
static void spread(int32_t sections, const double *sos, int32_t *shift)
{
    int32_t sum = 0;
    for (int32_t s = 0; s < sections; s++) {
        const double *b = sos + 6 * s;
        double size = absolute(b[0]) + absolute(b[1]) + absolute(b[2]);
        shift[s] = size > 0.0 ? exponent(size) : 0;
        sum += shift[s];
    }
    int32_t mean = sum >= 0 ? sum / sections : -((sections - 1 - sum) / sections);
    for (int32_t s = 0; s < sections; s++) {
        shift[s] = mean - shift[s] + (s < sum - mean * sections);
    }
}

int tsk_biquad_design(const struct tsk_biquad_params *params, const double *sos, struct tsk_biquad_coef *coef)
{
    static const struct tsk_biquad_coef zero;
    int32_t shift[16];
    if (params->sections < 1 || params->sections > 16 || params->channels < 1) {
        return TSK_FILTER_RANGE;
    }
    *coef = zero;
    coef->sections = params->sections;
    coef->channels = params->channels;
    spread(params->sections, sos, shift);
    for (int32_t s = 0; s < params->sections; s++) {
        const double *row = sos + 6 * s;
        for (int32_t i = 0; i < 5; i++) {
            coef->real[s][i] = (float)row[i < 3 ? i : i + 1];
        }
        coef->too_large |= !fix(row, power_of_two(shift[s]), coef->fixed[s], &coef->lift[s]);
    }
    return TSK_FILTER_OK;
}
