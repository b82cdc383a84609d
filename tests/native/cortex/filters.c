/* Each filter as the driver calls it; tests/cortex_m.py numbers them alike. */
#include "job.h"
#include "tasuki_filters.h"
#include "tasuki_motion.h"

static uint32_t biquads_f32(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    tsk_biquad_f32(coef, state, in, n, out);
    return n;
}

static uint32_t biquads_i32(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    tsk_biquad_i32(coef, state, in, n, out);
    return n;
}

struct conditioner {
    int32_t hold;
    struct tsk_biquad_coef biquads;
};

struct conditioned {
    struct tsk_level_state level;
    float delays[];
};

static uint32_t conditioner(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    const struct conditioner *made = coef;
    struct conditioned *kept = state;
    tsk_level_process(made->hold, &kept->level, in, n, out);
    tsk_biquad_f32(&made->biquads, kept->delays, out, n, out);
    return n;
}

static uint32_t beats(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    size_t used;
    return tsk_beat_process(coef, state, in, n, &used, out, 4096);
}

static uint32_t breaths(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    size_t used;
    return tsk_breath_process(coef, state, in, n, &used, out, 4096);
}

static uint32_t warmth(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    tsk_warmth_process(coef, state, in, n, out);
    return n;
}

/* A sample is an interval in ms and a confidence; a result the reading after each. */
static uint32_t heart_rate(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    const float *beat = in;
    struct tsk_rate *reading = out;
    (void)coef;
    for (uint32_t i = 0; i < n; i++, beat += 2) {
        tsk_rate_beat(state, beat[0], beat[1]);
        tsk_rate_read(state, &reading[i]);
    }
    return n;
}

/* A sample is gyroscope, accelerometer and magnetometer. */
static uint32_t orientation(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    const float *x = in;
    float *rows = out;
    for (uint32_t i = 0; i < n; i++, x += 9, rows += TSK_ORIENT_OUT) {
        tsk_orient_process(coef, state, x, x + 3, x + 6, 1, rows);
    }
    return n;
}

static uint32_t falls(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    return tsk_fall_process(coef, state, in, n, out);
}

static uint32_t activity(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    tsk_activity_process(coef, state, in, n, out);
    return n;
}

static uint32_t posture(const void *coef, void *state, const void *in, uint32_t n, void *out)
{
    tsk_posture_process(coef, state, in, n, out);
    return n;
}

filter *const filters[FILTERS] = {
    biquads_f32, biquads_i32, conditioner, beats, breaths, warmth, heart_rate,
    orientation, falls, activity, posture,
};
