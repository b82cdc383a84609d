/* Biquad cascades: coefficients from second-order sections. */
#include "tasuki_filters.h"

static const double ONE_Q30 = 1073741824.0;

size_t tsk_biquad_words_f32(const struct tsk_biquad_params *params)
{
    return (2u * (size_t)params->sections + 1u) * (size_t)params->channels;
}

size_t tsk_biquad_words_i32(const struct tsk_biquad_params *params)
{
    return 2u * ((size_t)params->sections + 1u) * (size_t)params->channels;
}

int tsk_biquad_design(const struct tsk_biquad_params *params, const double *sos, struct tsk_biquad_coef *coef)
{
    static const struct tsk_biquad_coef zero;
    if (params->sections < 1 || params->sections > 16 || params->channels < 1) {
        return TSK_FILTER_RANGE;
    }
    *coef = zero;
    coef->sections = params->sections;
    coef->channels = params->channels;
    for (int32_t s = 0; s < params->sections; s++) {
        for (int32_t i = 0; i < 5; i++) {
            double value = sos[6 * s + (i < 3 ? i : i + 1)];
            coef->real[s][i] = (float)value;
            if (value > -1.999999999 && value < 1.999999999) {
                double scaled = value * ONE_Q30;
                coef->fixed[s][i] = (int32_t)(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
            } else {
                coef->too_large = 1;
            }
        }
    }
    return TSK_FILTER_OK;
}
