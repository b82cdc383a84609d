/* Which impacts are falls: what went before and after decides, 2.5 s later. */
#include "motion_fall.h"

enum { MASK = TSK_FALL_RING - 1, BAD = 65535, UNIT = 64, MOST_REPEATS = 8 };

union bits {
    float value;
    int32_t word;
};

/* log2(x), 2^-100 < x < 2^100: absolute error below 2e-5. */
static float logarithm(float x)
{
    union bits b = {.value = x};
    int32_t exponent = (b.word >> 23) - 127;
    b.word = (b.word & 0x7fffff) | 0x3f800000;
    float t = (b.value - 1.0f) / (b.value + 1.0f);
    float s = t * t;
    return (float)exponent + 2.88539008f * t * (1.0f + s * (0.333333333f + s * (0.2f + s * 0.142857143f)));
}

/* 1 / (1 + 2^-x): absolute error below 1e-5. */
static float chance(float x)
{
    float y = x > 30.0f ? -30.0f : x < -30.0f ? 30.0f : -x;
    int32_t whole = (int32_t)(y + 64.0f) - 64;
    float f = (y - (float)whole) * 0.693147181f;
    float power = 1.0f + f * (1.0f + f * (0.5f + f * (0.166666667f + f * (4.16666667e-2f
        + f * (8.33333333e-3f + f * 1.38888889e-3f)))));
    union bits scale = {.word = (whole + 127) << 23};
    return 1.0f / (1.0f + power * scale.value);
}

void tsk_fall_judge_reset(struct tsk_fall_judge *judge)
{
    judge->now = 0;
    judge->impact_at = -1;
    judge->impact = 0;
    judge->reserved = 0;
    for (int i = 0; i < TSK_FALL_RING; i++) {
        judge->moved[i] = BAD;
        judge->jerk[i] = BAD;
    }
}

static uint16_t counted(float x)
{
    float scaled = x * (float)UNIT + 0.5f;
    return scaled >= (float)BAD ? (uint16_t)(BAD - 1) : x >= 0.0f ? (uint16_t)scaled : (uint16_t)BAD;
}

/* log2 of half a m/s2 more than the mean of the good samples in a window. */
static float level(const uint16_t *ring, int64_t at, const int32_t *window)
{
    int32_t sum = 0;
    int32_t count = 0;
    for (int64_t i = at + window[0]; i < at + window[1]; i++) {
        int32_t x = ring[(uint64_t)i & MASK];
        sum += x < BAD ? x : 0;
        count += x < BAD;
    }
    return logarithm(0.5f + (float)sum / (float)(UNIT * (count > 0 ? count : 1)));
}

/* How often the movement rises above a third of the impact in a window. */
static int32_t repeats(const struct tsk_fall_judge *judge, const int32_t *window)
{
    int32_t limit = 11 * judge->impact / 32;
    int32_t count = 0;
    int was_above = 0;
    for (int64_t i = judge->impact_at + window[0]; i < judge->impact_at + window[1]; i++) {
        int32_t x = judge->moved[(uint64_t)i & MASK];
        int above = x < BAD && x > limit;
        count += above && !was_above;
        was_above = above;
    }
    return count;
}

static void describe(const struct tsk_fall_coef *coef, const struct tsk_fall_judge *judge, float *feature)
{
    int64_t at = judge->impact_at;
    int32_t others = repeats(judge, coef->repeats);
    feature[0] = logarithm((float)judge->impact / (float)UNIT);
    for (int i = 0; i < 5; i++) {
        feature[1 + i] = level(i < 3 ? judge->moved : judge->jerk, at, coef->window[i]);
    }
    feature[6] = (float)(others < MOST_REPEATS ? others : MOST_REPEATS);
}

static float good_share(const struct tsk_fall_judge *judge, int32_t from, int32_t to)
{
    int32_t good = 0;
    for (int64_t i = judge->impact_at + from; i < judge->impact_at + to; i++) {
        good += judge->moved[(uint64_t)i & MASK] < BAD;
    }
    return (float)good / (float)(to - from);
}

static int decide(const struct tsk_fall_coef *coef, const struct tsk_fall_judge *judge, struct tsk_fall *out)
{
    describe(coef, judge, out->feature);
    float odds = coef->offset;
    for (int i = 0; i < TSK_FALL_FEATURES; i++) {
        odds += coef->weight[i] * out->feature[i];
    }
    out->sample = judge->impact_at * coef->decimate + coef->decimate / 2;
    out->lane = 0;
    out->quality = good_share(judge, coef->window[2][0], coef->after + 1);
    out->confidence = chance(odds) * out->quality; /* what was not seen is not taken for stillness */
    out->impact = (float)judge->impact / (float)UNIT;
    out->reserved = 0.0f;
    return out->confidence >= coef->least;
}

int tsk_fall_judge(const struct tsk_fall_coef *coef, struct tsk_fall_judge *judge, float moved, float jerk,
                   struct tsk_fall *out)
{
    uint16_t x = counted(moved);
    int found = 0;
    judge->moved[(uint64_t)judge->now & MASK] = x;
    judge->jerk[(uint64_t)judge->now & MASK] = counted(jerk);
    if (x < BAD && x >= coef->least_peak && (judge->impact_at < 0 || x > judge->impact)) {
        judge->impact_at = judge->now;
        judge->impact = x;
    }
    if (judge->impact_at >= 0 && judge->now - judge->impact_at >= coef->after) {
        found = decide(coef, judge, out);
        judge->impact_at = -1;
    }
    judge->now += 1;
    return found;
}
