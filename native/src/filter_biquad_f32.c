/* Biquad cascades in float32, transposed direct form 2.
 *
 * One channel keeps its delays in registers, with the number of sections known to
 * the compiler so that sections of successive samples overlap. Several channels
 * run side by side, section by section. Both do the same operations per sample. */
#include "filter_bad.h"
#include "tasuki_filters.h"

static inline void one_channel(const float (*c)[5], float *state, int sections,
                               const float *in, size_t n, float *out)
{
    float d1[16];
    float d2[16];
    float held = state[2 * sections];
    for (int s = 0; s < sections; s++) {
        d1[s] = state[2 * s];
        d2[s] = state[2 * s + 1];
    }
    for (size_t i = 0; i < n; i++) {
        int good = tsk_is_good(in[i]);
        held = good ? in[i] : held;
        float x = held;
        for (int s = 0; s < sections; s++) {
            float y = c[s][0] * x + d1[s];
            d1[s] = (c[s][1] * x + d2[s]) - c[s][3] * y;
            d2[s] = c[s][2] * x - c[s][4] * y;
            x = y;
        }
        out[i] = good ? x : tsk_bad();
    }
    for (int s = 0; s < sections; s++) {
        state[2 * s] = d1[s];
        state[2 * s + 1] = d2[s];
    }
    state[2 * sections] = held;
}

enum { TILE = 64 }; /* channels that run side by side */

static void section(const float *c, float *restrict d1, float *restrict d2, float *restrict x, size_t width)
{
    for (size_t k = 0; k < width; k++) {
        float y = c[0] * x[k] + d1[k];
        d1[k] = (c[1] * x[k] + d2[k]) - c[3] * y;
        d2[k] = c[2] * x[k] - c[4] * y;
        x[k] = y;
    }
}

static void tile(const struct tsk_biquad_coef *coef, float *delays, float *held,
                 const float *in, size_t n, float *out, size_t width)
{
    size_t channels = (size_t)coef->channels;
    float x[TILE];
    float mark[TILE];
    for (size_t i = 0; i < n; i++, in += channels, out += channels) {
        for (size_t k = 0; k < width; k++) {
            int good = tsk_is_good(in[k]);
            held[k] = good ? in[k] : held[k];
            mark[k] = good ? 0.0f : tsk_bad();
            x[k] = held[k];
        }
        for (int s = 0; s < coef->sections; s++) {
            float *d1 = delays + 2u * (size_t)s * channels;
            section(coef->real[s], d1, d1 + channels, x, width);
        }
        for (size_t k = 0; k < width; k++) {
            out[k] = mark[k] == 0.0f ? x[k] : mark[k];
        }
    }
}

static void one(const struct tsk_biquad_coef *coef, float *state, const float *in, size_t n, float *out)
{
    switch (coef->sections) {
    case 1: one_channel(coef->real, state, 1, in, n, out); break;
    case 2: one_channel(coef->real, state, 2, in, n, out); break;
    case 3: one_channel(coef->real, state, 3, in, n, out); break;
    case 4: one_channel(coef->real, state, 4, in, n, out); break;
    case 5: one_channel(coef->real, state, 5, in, n, out); break;
    case 6: one_channel(coef->real, state, 6, in, n, out); break;
    default: one_channel(coef->real, state, coef->sections, in, n, out); break;
    }
}

void tsk_biquad_f32(const struct tsk_biquad_coef *coef, float *state, const float *in, size_t n, float *out)
{
    if (coef->channels == 1) {
        one(coef, state, in, n, out);
        return;
    }
    size_t channels = (size_t)coef->channels;
    float *held = state + 2u * (size_t)coef->sections * channels;
    for (size_t k = 0; k < channels; k += TILE) {
        size_t width = channels - k < TILE ? channels - k : TILE;
        tile(coef, state + k, held + k, in + k, n, out + k, width);
    }
}

void tsk_biquad_gap_f32(const struct tsk_biquad_coef *coef, float *state, size_t n)
{
    size_t channels = (size_t)coef->channels;
    float *held = state + 2u * (size_t)coef->sections * channels;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < channels; k++) {
            float x = held[k];
            for (int s = 0; s < coef->sections; s++) {
                float *d1 = state + 2u * (size_t)s * channels + k;
                section(coef->real[s], d1, d1 + channels, &x, 1);
            }
        }
    }
}
