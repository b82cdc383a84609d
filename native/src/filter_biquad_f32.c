/* Biquad cascades in float32, transposed direct form 2.
 *
 * One channel goes tile by tile through all sections; several channels run side
 * by side. Both do the operations of tsk_section on every sample. */
#include "filter_bad.h"
#include "filter_wave.h"
#include "tasuki_filters.h"

enum { RUN = 256 }; /* samples of one channel that go through the sections together */

/* The latest good value in place of every bad one; returns how many were bad. */
static size_t fill(const float *in, size_t n, float *held, float *x)
{
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        bad += !tsk_is_good(in[i]);
        x[i] = in[i];
    }
    for (size_t i = 0; bad > 0 && i < n; i++) {
        *held = tsk_is_good(in[i]) ? in[i] : *held;
        x[i] = *held;
    }
    *held = x[n - 1];
    return bad;
}

static void one_channel(const struct tsk_biquad_coef *coef, float *state, const float *in, size_t n, float *out)
{
    float x[RUN];
    for (size_t m; n > 0; n -= m, in += m, out += m) {
        m = n < RUN ? n : RUN;
        size_t bad = fill(in, m, &state[2 * coef->sections], x);
        tsk_sections(coef->real, state, coef->sections, x, m);
        for (size_t i = 0; i < m; i++) {
            out[i] = bad > 0 && !tsk_is_good(in[i]) ? tsk_bad() : x[i];
        }
    }
}

enum { TILE = 64 }; /* channels that run side by side */

static void side_by_side(const float *c, float *restrict d1, float *restrict d2, float *restrict x, size_t width)
{
    for (size_t k = 0; k < width; k++) {
        x[k] = tsk_section(c, &d1[k], &d2[k], x[k]);
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
            side_by_side(coef->real[s], d1, d1 + channels, x, width);
        }
        for (size_t k = 0; k < width; k++) {
            out[k] = mark[k] == 0.0f ? x[k] : mark[k];
        }
    }
}

void tsk_biquad_f32(const struct tsk_biquad_coef *coef, float *state, const float *in, size_t n, float *out)
{
    if (coef->channels == 1) {
        one_channel(coef, state, in, n, out);
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
                x = tsk_section(coef->real[s], d1, d1 + channels, x);
            }
        }
    }
}
