/* Biquad cascades in float32, transposed direct form 2.
 *
 * One channel goes tile by tile through all sections; several channels run side
 * by side. All do the operations of tsk_section on every sample. */
#include "filter_bad.h"
#include "filter_side.h"
#include "filter_wave.h"
#include "tasuki_filters.h"

enum {
    RUN = TSK_HAS_SIDE ? 1024 : 32, /* samples of one channel that go through the sections together */
    LEAST_SIDE = 4                  /* fewer channels than these are not worth idle lanes */
};

/* Samples of which some are bad: the latest good value in their place. */
static void spoilt(const struct tsk_biquad_coef *coef, float *state, const float *in, size_t n, float *out)
{
    float x[RUN];
    float *held = &state[2 * coef->sections];
    for (size_t i = 0; i < n; i++) {
        *held = tsk_is_good(in[i]) ? in[i] : *held;
        x[i] = *held;
    }
    tsk_sections(coef->real, state, coef->sections, x, n, x);
    for (size_t i = 0; i < n; i++) {
        out[i] = tsk_is_good(in[i]) ? x[i] : tsk_bad();
    }
}

static void one_channel(const struct tsk_biquad_coef *coef, float *state, const float *in, size_t n, float *out)
{
    for (size_t m; n > 0; n -= m, in += m, out += m) {
        m = n < RUN ? n : RUN;
        if (tsk_all_good(in, m)) {
            state[2 * coef->sections] = in[m - 1];
            tsk_sections(coef->real, state, coef->sections, in, m, out);
        } else {
            spoilt(coef, state, in, m, out);
        }
    }
}

/* A few channels, row by row. */
static void few(const struct tsk_biquad_coef *coef, float *delays, float *held,
                const float *in, size_t n, float *out, size_t width)
{
    size_t channels = (size_t)coef->channels;
    for (size_t i = 0; i < n; i++, in += channels, out += channels) {
        for (size_t k = 0; k < width; k++) {
            int good = tsk_is_good(in[k]);
            held[k] = good ? in[k] : held[k];
            float x = held[k];
            float *d1 = delays + k;
            for (int s = 0; s < coef->sections; s++, d1 += 2u * channels) {
                x = tsk_section(coef->real[s], d1, d1 + channels, x);
            }
            out[k] = good ? x : tsk_bad();
        }
    }
}

/* The latest good value in place of every bad one, in a tile of its own. */
static void fill_tile(const float *in, size_t channels, size_t width, float *held, float *x, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < width; k++) {
            float value = in[i * channels + k];
            held[k] = tsk_is_good(value) ? value : held[k];
            x[i * TSK_SIDE + k] = held[k];
        }
    }
}

static void give_tile(const float *x, const float *in, size_t channels, size_t width, float *out, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < width; k++) {
            int good = tsk_is_good(in[i * channels + k]);
            out[i * channels + k] = good ? x[i * TSK_SIDE + k] : tsk_bad();
        }
    }
}

static void tile(const struct tsk_biquad_coef *coef, float *delays, float *held,
                 const float *in, size_t n, float *out, size_t width)
{
    size_t channels = (size_t)coef->channels;
    const struct tsk_side side = {coef->real, coef->sections, channels, delays};
    for (size_t rows; n > 0; n -= rows, in += rows * channels, out += rows * channels) {
        float latest[TSK_SIDE]; /* out may be in */
        rows = n < TSK_SIDE_ROWS ? n : TSK_SIDE_ROWS;
        for (size_t k = 0; k < width; k++) {
            latest[k] = in[(rows - 1) * channels + k];
        }
        if (width == TSK_SIDE && tsk_side_good(&side, in, out, rows)) {
            for (size_t k = 0; k < width; k++) {
                held[k] = latest[k];
            }
        } else {
            float x[TSK_SIDE_ROWS * TSK_SIDE] = {0};
            fill_tile(in, channels, width, held, x, rows);
            tsk_side_tile(&side, width, x, rows);
            give_tile(x, in, channels, width, out, rows);
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
    for (size_t k = 0; k < channels; k += TSK_SIDE) {
        size_t width = channels - k < TSK_SIDE ? channels - k : TSK_SIDE;
        if (TSK_HAS_SIDE && width > LEAST_SIDE) {
            tile(coef, state + k, held + k, in + k, n, out + k, width);
        } else {
            few(coef, state + k, held + k, in + k, n, out + k, width);
        }
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
