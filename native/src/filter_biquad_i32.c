/* Biquad cascades in fixed point, direct form 1, for processors without a float unit.
 *
 * Sums have 64 bits and 30 places. Signals stay within 28 bits, so three products of at
 * most 2^28 * 2^31, four times as much, and two more products cannot overflow. */
#include "tasuki_filters.h"

static const int64_t LARGEST = (1 << 28) - 1;
static const int64_t HALF = 1 << 29;

static int64_t limited(int64_t x)
{
    return x > LARGEST ? LARGEST : x < -LARGEST ? -LARGEST : x;
}

/* input, output: the two latest values of one channel at each end of the section; lost:
 * what its two latest roundings took off. The shift of a negative number is arithmetic
 * in gcc and clang. */
static int32_t section(const int32_t *c, int32_t lift, int32_t *input, const int32_t *output, int32_t *lost,
                       size_t channels, int32_t x)
{
    int64_t ahead = (int64_t)c[0] * x + (int64_t)c[1] * input[0] + (int64_t)c[2] * input[channels];
    int64_t back = (int64_t)c[3] * output[0] + (int64_t)c[4] * output[channels];
    int64_t sum = ahead * (1 << lift) - back + 2 * (int64_t)lost[0] - lost[channels];
    int64_t y = (sum + HALF) >> 30;
    input[channels] = input[0];
    input[0] = x;
    lost[channels] = lost[0];
    lost[0] = (int32_t)(sum - y * (2 * HALF));
    return (int32_t)limited(y);
}

static int32_t cascade(const struct tsk_biquad_coef *coef, int32_t *state, size_t channel, int32_t x)
{
    size_t channels = (size_t)coef->channels;
    int32_t *signal = state + channel;
    int32_t *lost = signal + 2u * ((size_t)coef->sections + 1u) * channels;
    for (int s = 0; s < coef->sections; s++, signal += 2u * channels, lost += 2u * channels) {
        x = section(coef->fixed[s], coef->lift[s], signal, signal + 2u * channels, lost, channels, x);
    }
    signal[channels] = signal[0];
    signal[0] = x;
    return x;
}

void tsk_biquad_i32(const struct tsk_biquad_coef *coef, int32_t *state, const int32_t *in, size_t n,
                    int32_t *out)
{
    size_t channels = (size_t)coef->channels;
    for (size_t i = 0; i < n * channels; i += channels) {
        for (size_t k = 0; k < channels; k++) {
            out[i + k] = cascade(coef, state, k, (int32_t)limited(in[i + k]));
        }
    }
}

void tsk_biquad_gap_i32(const struct tsk_biquad_coef *coef, int32_t *state, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < (size_t)coef->channels; k++) {
            cascade(coef, state, k, state[k]); /* the latest input */
        }
    }
}
