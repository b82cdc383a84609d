/* Runs a file of float32 through the filters in uneven pieces; writes the beats' samples.
 *
 * driver INPUT RATE_MILLIHERTZ OUTPUT; meant to be built with sanitizers. */
#include <stdio.h>
#include <stdlib.h>

#include "tasuki_filters.h"

static float *read_all(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    fseek(file, 0, SEEK_END);
    *n = (size_t)ftell(file) / sizeof(float);
    rewind(file);
    float *samples = malloc(*n * sizeof(float));
    *n = fread(samples, sizeof(float), *n, file);
    fclose(file);
    return samples;
}

static void beats(const float *in, size_t n, uint32_t rate_mhz, FILE *file)
{
    struct tsk_beat_params params = {rate_mhz};
    struct tsk_beat_coef coef;
    struct tsk_beat_state *state = malloc(sizeof *state);
    struct tsk_beat *out = malloc(4 * TSK_BEAT_QUEUE * sizeof *out);
    if (tsk_beat_design(&params, &coef) != TSK_FILTER_OK) {
        exit(2);
    }
    tsk_beat_reset(&coef, state);
    for (size_t i = 0, piece = 1; i < n; piece = piece * 7 % 1009) {
        size_t used;
        size_t m = n - i < piece ? n - i : piece;
        size_t count = tsk_beat_process(&coef, state, in + i, m, &used, out, 4 * TSK_BEAT_QUEUE);
        for (size_t k = 0; k < count; k++) {
            fwrite(&out[k].sample, sizeof out[k].sample, 1, file);
        }
        i += used;
    }
    tsk_beat_gap(&coef, state, 1000000000u, out, 4 * TSK_BEAT_QUEUE);
    free(state);
    free(out);
}

static void cascades(const float *in, size_t n, int32_t sections, int32_t channels)
{
    static const double rows[16 * 6];
    struct tsk_biquad_params params = {sections, channels};
    struct tsk_biquad_coef coef;
    tsk_biquad_design(&params, rows, &coef);
    for (int32_t s = 0; s < sections; s++) {
        coef.real[s][0] = 0.3f;
        coef.real[s][3] = -0.7f;
        coef.fixed[s][0] = 1 << 30;
        coef.fixed[s][3] = -(1 << 30);
    }
    float *real = calloc(tsk_biquad_words_f32(&params), sizeof *real);
    int32_t *fixed = calloc(tsk_biquad_words_i32(&params), sizeof *fixed);
    float *out = malloc(n * sizeof *out);
    int32_t *whole = malloc(n * sizeof *whole);
    for (size_t i = 0; i < n; i++) {
        whole[i] = in[i] > -2e9f && in[i] < 2e9f ? (int32_t)in[i] : INT32_MIN;
    }
    tsk_biquad_f32(&coef, real, in, n / (size_t)channels, out);
    tsk_biquad_i32(&coef, fixed, whole, n / (size_t)channels, whole);
    tsk_biquad_gap_f32(&coef, real, 10);
    tsk_biquad_gap_i32(&coef, fixed, 10);
    free(real);
    free(fixed);
    free(out);
    free(whole);
}

static void vitals(const float *in, size_t n)
{
    struct tsk_breath_coef breath = {.rate_hz = 25.0f, .decimate = 2, .hold = 5, .window = 1500, .apnoea = 250,
                                     .reach = 7, .settle = 30, .follow = 0.01f, .hysteresis = 0.6f,
                                     .shallowest = 0.1f, .patience = 1.3f, .least = 0.3f, .early = 0.3f};
    breath.filter.sections = 1;
    breath.filter.channels = 1;
    breath.filter.real[0][0] = 1.0f;
    struct tsk_breath_state breaths;
    struct tsk_warmth_coef warm = {0.1f, 0.01f, 1.0f, 28.0f, 43.0f, 0.5f, 10, 10};
    struct tsk_warmth_state warmth;
    struct tsk_rate_state rate;
    struct tsk_rate reading;
    struct tsk_breath_rate minute;
    struct tsk_breath *out = malloc((n + 1) * sizeof *out);
    struct tsk_warmth *rows = malloc(n * sizeof *rows);
    size_t used;
    tsk_breath_reset(&breaths);
    tsk_breath_process(&breath, &breaths, in, n, &used, out, n + 1);
    tsk_breath_gap(&breath, &breaths, 12345678u, out);
    tsk_breath_process(&breath, &breaths, in, n, &used, out, n + 1);
    tsk_breath_read(&breath, &breaths, &minute);
    tsk_warmth_reset(&warmth);
    tsk_warmth_process(&warm, &warmth, in, n, rows);
    tsk_rate_reset(&rate);
    for (size_t i = 0; i < n; i++) {
        tsk_rate_beat(&rate, in[i], in[n - 1 - i]);
    }
    tsk_rate_read(&rate, &reading);
    free(out);
    free(rows);
}

int main(int argc, char **argv)
{
    size_t n;
    if (argc != 4) {
        return 2;
    }
    float *in = read_all(argv[1], &n);
    FILE *file = fopen(argv[3], "wb");
    beats(in, n, (uint32_t)strtoul(argv[2], NULL, 10), file);
    for (int32_t sections = 1; sections <= 16; sections += 5) {
        cascades(in, n, sections, 1);
        cascades(in, n, sections, 67);
    }
    vitals(in, n);
    fclose(file);
    free(in);
    return 0;
}
