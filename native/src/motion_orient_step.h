/* One sample of the orientation filter, for as many hubs as V has lanes.
 *
 * After Laidig and Seel, "VQF: Highly accurate IMU orientation estimation with bias
 * estimation and magnetic disturbance rejection", Information Fusion 91 (2023): the
 * gyroscope is integrated in a frame of its own, where gravity stands still and a slow
 * mean of the acceleration finds it through any movement; a Kalman filter takes the
 * bias from what inclination had to be corrected, and at rest from the gyroscope.
 * What is ours: a sample of the accelerometer belongs to the middle of the interval
 * that the gyroscope's belongs to, and one of the magnetometer is older; three simple
 * means instead of a Butterworth filter, exact enough in float32; the field is known
 * by two lengths, without a dip angle; steps of the bias one row at a time, without a
 * matrix to invert. No branch depends on a sample, so lanes stay together. */

/* x += share * (now - x), n times. */
static inline TARGET void FN(follow)(V *x, const V *now, V share, int n)
{
    for (int i = 0; i < n; i++) {
        x[i] += share * (now[i] - x[i]);
    }
}

/* now: gyroscope, 0, accelerometer, 0. */
static inline TARGET void FN(rest)(const struct tsk_orient_coef *c, V *s, const V *now, M first)
{
    V share = FN(choose)(first, ZERO + 1.0f, ZERO + c->still);
    V *once = s + ROW_STILL, *twice = once + 8, off[8];
    FN(follow)(once, now, share, 8);
    FN(follow)(twice, once, share, 8);
    for (int i = 0; i < 8; i++) {
        off[i] = now[i] - twice[i];
    }
    M quiet = MASK(FN(dot)(off, off) < c->still_gyro) & MASK(FN(dot)(off + 4, off + 4) < c->still_accel)
        & FN(within)(twice, c->bias_limit);
    V longer = FN(least)(s[ROW_REST_TIME] + c->dt, ZERO + 2.0f * c->rest_after);
    s[ROW_REST_TIME] = FN(choose)(quiet, longer, ZERO);
    s[ROW_REST] = FN(choose)(MASK(s[ROW_REST_TIME] >= c->rest_after), ZERO + 1.0f, ZERO);
}

/* Adds the rotation of half the angles in half[3], exactly for a constant rate. */
static inline TARGET void FN(integrate)(V *q, const V *half)
{
    V square = FN(dot)(half, half);
    V ratio = FN(sine_ratio)(square);
    V step[4] = {FN(cosine)(square), half[0] * ratio, half[1] * ratio, half[2] * ratio};
    V turned[4];
    FN(product)(q, step, turned);
    FN(unit)(turned);
    for (int i = 0; i < 4; i++) {
        q[i] = turned[i];
    }
}

/* Takes the level frame to where the mean acceleration points up; off: where it pointed before. */
static inline TARGET void FN(level)(V *s, const V *mean, V *off)
{
    static const float upright[3] = {0.0f, 0.0f, 1.0f};
    FN(times)(s + ROW_LEVEL, mean, off);
    V length = FN(dot)(off, off);
    M weightless = MASK(length < 1e-2f); /* below 0.1 m/s2 there is no direction */
    V scale = FN(inverse_root)(length);
    for (int i = 0; i < 3; i++) {
        off[i] = FN(choose)(weightless, ZERO + upright[i], off[i] * scale);
    }
    V square = FN(most)(0.5f + 0.5f * off[2], ZERO);
    V inverse = FN(inverse_root)(square);
    M upside_down = MASK(square < 1e-3f); /* within 4 degrees; the next sample takes those off */
    V step[4] = {FN(choose)(upside_down, ZERO, square * inverse),
                 FN(choose)(upside_down, ZERO + 1.0f, 0.5f * off[1] * inverse),
                 FN(choose)(upside_down, ZERO, -0.5f * off[0] * inverse), ZERO};
    V turned[4];
    FN(product)(step, s + ROW_TILT, turned);
    FN(unit)(turned);
    for (int i = 0; i < 4; i++) {
        s[ROW_TILT + i] = turned[i];
    }
    FN(matrix)(turned, s + ROW_LEVEL);
}

static inline TARGET void FN(bias_step)(V *b, V *p, const V *h, V error, V variance, M use)
{
    V ph[3] = {p[0] * h[0] + p[1] * h[1] + p[2] * h[2], p[1] * h[0] + p[3] * h[1] + p[4] * h[2],
               p[2] * h[0] + p[4] * h[1] + p[5] * h[2]};
    V inverse = FN(choose)(use, 1.0f / (FN(dot)(h, ph) + variance), ZERO);
    for (int i = 0; i < 3; i++) {
        V gain = ph[i] * inverse;
        b[i] += gain * error;
        for (int k = i; k < 3; k++) {
            p[i == 0 ? k : i + k + 1] -= gain * ph[k];
        }
    }
}

/* How the mean acceleration has seen the bias until now: row[] turns it to the level frame,
 * in it are its two level parts. Taken before a sample, so that little waits for it. */
struct FN(view) {
    V row[2][3];
    V in_it[2];
};

static inline TARGET void FN(look)(const V *s, struct FN(view) *view)
{
    const V *level = s + ROW_LEVEL, *mean = s + ROW_SLOW + 2 * SLOW + 3;
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 3; k++) {
            view->row[i][k] = level[3 * i] * mean[k] + level[3 * i + 1] * mean[3 + k]
                + level[3 * i + 2] * mean[6 + k];
        }
        view->in_it[i] = FN(dot)(level + 3 * i, mean + 9);
    }
}

/* off: how far the level frame was off. */
static inline TARGET void FN(learn_bias)(const struct tsk_orient_coef *c, V *s, const V *off,
                                         const struct FN(view) *view)
{
    V *b = s + ROW_BIAS, *p = s + ROW_COVARIANCE, *still = s + ROW_STILL + 8;
    M rest = MASK(s[ROW_REST] > 0.5f);
    V per_s = ZERO + 1.0f / c->dt;
    V variance = FN(choose)(rest, ZERO + c->bias_resting, ZERO + c->bias_moving);
    V wrong[3] = {view->in_it[0] - off[1] * per_s, view->in_it[1] + off[0] * per_s, ZERO};
    static const int diagonal[3] = {0, 3, 5};
    for (int i = 0; i < 3; i++) {
        V *own = p + diagonal[i];
        *own += FN(choose)(MASK(*own < c->bias_start), ZERO + c->bias_drift, ZERO);
    }
    for (int i = 0; i < (FN(any)(rest) ? 3 : 2); i++) {
        V h[3];
        for (int k = 0; k < 3; k++) {
            V moving = i < 2 ? view->row[i][k] : ZERO;
            h[k] = FN(choose)(rest, ZERO + (i == k ? 1.0f : 0.0f), moving);
        }
        V error = FN(choose)(rest, still[i], wrong[i]) - FN(dot)(h, b);
        FN(bias_step)(b, p, h, FN(limited)(error, c->bias_limit), variance, i < 2 ? ALL : rest);
    }
    for (int i = 0; i < 3; i++) {
        b[i] = FN(limited)(b[i], c->bias_limit);
    }
}

#include "motion_orient_north.h"

/* Acceleration, rotation matrix and bias in the fixed frame go through three means. */
static inline TARGET V *FN(means)(const struct tsk_orient_coef *c, V *s, const V *now)
{
    V even = 1.0f / (s[ROW_COUNT] + 1.0f);
    M young = MASK(s[ROW_COUNT] < c->gravity_count);
    V share = FN(choose)(young, FN(most)(even, ZERO + c->gravity), ZERO + c->gravity);
    s[ROW_COUNT] = FN(choose)(young, s[ROW_COUNT] + 1.0f, s[ROW_COUNT]);
    V *slow = s + ROW_SLOW;
    FN(follow)(slow, now, share, SLOW);
    FN(follow)(slow + SLOW, slow, share, SLOW);
    FN(follow)(slow + 2 * SLOW, slow + SLOW, share, SLOW);
    return slow + 2 * SLOW;
}

/* gyro, accel, mag: good values; seen: where mag is one. */
static inline TARGET void FN(orient_step)(const struct tsk_orient_coef *c, V *s, const V *gyro, const V *accel,
                                          const V *mag, M seen)
{
    V sensed[8] = {gyro[0], gyro[1], gyro[2], ZERO, accel[0], accel[1], accel[2], ZERO};
    FN(rest)(c, s, sensed, MASK(s[ROW_COUNT] == 0.0f));
    struct FN(view) view;
    FN(look)(s, &view);
    V half[3], lag[3], at_middle[3], off[3], now[SLOW];
    for (int i = 0; i < 3; i++) {
        half[i] = FN(limited)(0.5f * c->dt * (gyro[i] - s[ROW_BIAS + i]), 0.8f); /* what cosine() is good for */
        lag[i] = 2.0f * c->mag_lag * half[i];
    }
    FN(integrate)(s + ROW_TURN, half);
    V *to_fixed = now + 3;
    FN(matrix)(s + ROW_TURN, to_fixed);
    FN(turn_back)(half, accel, at_middle); /* half the rotation: to the middle of the interval */
    FN(times)(to_fixed, at_middle, now);
    FN(times)(to_fixed, s + ROW_BIAS, now + 12);
    now[15] = ZERO;
    const V *mean = FN(means)(c, s, now);
    FN(level)(s, mean, off);
    FN(learn_bias)(c, s, off, &view);
    if (c->magnetometer) {
        V older[3], fixed[3], level[3];
        FN(turn_back)(lag, mag, older);
        FN(times)(to_fixed, older, fixed);
        FN(times)(s + ROW_LEVEL, fixed, level);
        FN(find_north)(c, s, level, FN(dot)(half, half), seen);
    }
    V level[4], north[4] = {s[ROW_NORTH], ZERO, ZERO, s[ROW_NORTH + 1]};
    FN(product)(s + ROW_TILT, s + ROW_TURN, level);
    FN(product)(north, level, s + ROW_ANSWER);
}
