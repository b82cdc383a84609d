/* Functions that libm would bring, from -  * / only, so that every processor gives the same bits.
 *
 * Included once for each width: V is a float or a vector of them, M a whole number
 * or a vector of as many, FN(name) a name for this width, TARGET its instruction set, FN(choose) as yes where a mask is set.
 * Stated errors were measured over the ranges named (tests/native/test_motion_math.py). */

static inline TARGET V FN(least)(V a, V b)
{
    return FN(choose)(MASK(a < b), a, b);
}

static inline TARGET V FN(most)(V a, V b)
{
    return FN(choose)(MASK(a > b), a, b);
}

static inline TARGET V FN(size)(V a)
{
    return FN(most)(a, -a);
}

static inline TARGET V FN(limited)(V x, float limit)
{
    return FN(most)(FN(least)(x, ZERO + limit), ZERO - limit);
}

/* Three values that are numbers within the limit; NaN is not. */
static inline TARGET M FN(within)(const V *x, float limit)
{
    return MASK(FN(size)(x[0]) <= limit) & MASK(FN(size)(x[1]) <= limit) & MASK(FN(size)(x[2]) <= limit);
}

/* 1 / sqrt(x), x > 0: relative error below 5e-6. The first guess halves and negates
 * the exponent; two steps of Newton's method follow. 0 gives something large. */
static inline TARGET V FN(inverse_root)(V x)
{
    union FN(bits) guess = {.value = x};
    guess.word = 0x5f375a86 - (guess.word >> 1);
    V y = guess.value;
    V half = 0.5f * x;
    y = y * (1.5f - half * y * y);
    return y * (1.5f - half * y * y);
}

/* cos(a) and sin(a) / a from a squared: absolute error below 5e-7 to |a| = 0.8, 2e-4 to 1.6. */
static inline TARGET V FN(cosine)(V s)
{
    V square = s * s;
    return (1.0f - 0.5f * s) + square * (4.16666667e-2f - 1.38888889e-3f * s + 2.48015873e-5f * square);
}

static inline TARGET V FN(sine_ratio)(V s)
{
    return (1.0f - 1.66666667e-1f * s) + s * s * (8.33333333e-3f - 1.98412698e-4f * s);
}

/* The angle of (x, y), -pi to pi: absolute error below 2e-5. Chebyshev fit of atan(a) / a on 0 to 1. */
static inline TARGET V FN(angle)(V y, V x)
{
    V ax = FN(size)(x);
    V ay = FN(size)(y);
    V small = FN(least)(ax, ay);
    V large = FN(most)(FN(most)(ax, ay), ZERO + 1e-30f);
    V a = small / large;
    V s = a * a;
    V square = s * s;
    V r = a * ((0.999964798f - 0.331544619f * s) + square * ((0.184463558f - 0.0907520179f * s) + square * 0.0232860077f));
    r = FN(choose)(MASK(ay > ax), 1.57079633f - r, r);
    r = FN(choose)(MASK(x < 0.0f), 3.14159265f - r, r);
    return FN(choose)(MASK(y < 0.0f), -r, r);
}

static inline TARGET void FN(product)(const V *a, const V *b, V *out)
{
    out[0] = a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3];
    out[1] = a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2];
    out[2] = a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1];
    out[3] = a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0];
}

/* A quaternion that is nearly of length 1 made so: one step of Newton's method. */
static inline TARGET void FN(unit)(V *q)
{
    V scale = 1.5f - 0.5f * (q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    q[0] *= scale;
    q[1] *= scale;
    q[2] *= scale;
    q[3] *= scale;
}

static inline TARGET void FN(cross)(const V *a, const V *b, V *out)
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static inline TARGET V FN(dot)(const V *a, const V *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* The rotation matrix of q, row by row. */
static inline TARGET void FN(matrix)(const V *q, V *m)
{
    V w = q[0], x = 2.0f * q[1], y = 2.0f * q[2], z = 2.0f * q[3];
    V wx = w * x, wy = w * y, wz = w * z, xx = q[1] * x, xy = q[1] * y, xz = q[1] * z;
    V yy = q[2] * y, yz = q[2] * z, zz = q[3] * z;
    m[0] = 1.0f - yy - zz;
    m[1] = xy - wz;
    m[2] = xz + wy;
    m[3] = xy + wz;
    m[4] = 1.0f - xx - zz;
    m[5] = yz - wx;
    m[6] = xz - wy;
    m[7] = yz + wx;
    m[8] = 1.0f - xx - yy;
}

static inline TARGET void FN(times)(const V *m, const V *v, V *out)
{
    out[0] = FN(dot)(m, v);
    out[1] = FN(dot)(m + 3, v);
    out[2] = FN(dot)(m + 6, v);
}

/* v as it was when the sensor stood back by the small rotation r, to second order. */
static inline TARGET void FN(turn_back)(const V *r, const V *v, V *out)
{
    V once[3], twice[3];
    FN(cross)(r, v, once);
    FN(cross)(r, once, twice);
    for (int i = 0; i < 3; i++) {
        out[i] = v[i] - once[i] + 0.5f * twice[i];
    }
}
