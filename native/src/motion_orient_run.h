/* A block of samples through the orientation filter: bad samples, gaps, quality. */

#define GYRO_WORST 70.0f   /* rad/s and m/s2 beyond what any sensor of the kind measures */
#define ACCEL_WORST 1000.0f
#define MAG_WORST 1e6f

static inline TARGET void FN(load_axes)(const float *from, size_t lanes, V *out)
{
    for (size_t i = 0; i < 3; i++) {
        out[i] = FN(load)(from + i * lanes);
    }
}

/* After a gap inclination and heading are found anew; the bias is kept. */
static TARGET void FN(start_again)(const struct tsk_orient_coef *c, V *s, M which)
{
    s[ROW_COUNT] = FN(choose)(which, ZERO, s[ROW_COUNT]);
    s[ROW_REST_TIME] = FN(choose)(which, ZERO, s[ROW_REST_TIME]);
    s[ROW_REST] = FN(choose)(which, ZERO, s[ROW_REST]);
    s[ROW_OTHER_TIME] = FN(choose)(which, ZERO, s[ROW_OTHER_TIME]);
    s[ROW_FIELD_SEEN] = FN(choose)(which, ZERO, s[ROW_FIELD_SEEN]);
    s[ROW_HASTE] = FN(choose)(which, ZERO + 1.0f, s[ROW_HASTE]);
    s[ROW_REJECTED] = FN(choose)(which, ZERO + c->reject_for, s[ROW_REJECTED]);
}

static TARGET V FN(quality)(const struct tsk_orient_coef *c, const V *s, M good, M saturated, M seen)
{
    V sum = FN(choose)(good, ZERO, ZERO + (float)TSK_ORIENT_BAD);
    sum += FN(choose)(saturated, ZERO + (float)TSK_ORIENT_SATURATED, ZERO);
    M settling = MASK(s[ROW_COUNT] < c->gravity_count);
    if (c->magnetometer) {
        settling = settling | MASK(s[ROW_HASTE] > 0.0f);
        sum += FN(choose)(MASK(s[ROW_DISTURBED] > 0.5f), ZERO + (float)TSK_ORIENT_FIELD, ZERO);
        sum += FN(choose)(seen, ZERO, ZERO + (float)TSK_ORIENT_NO_MAG);
    }
    return sum + FN(choose)(settling, ZERO + (float)TSK_ORIENT_SETTLING, ZERO);
}

static TARGET void FN(orient_sample)(const struct tsk_orient_coef *c, V *s, const V *gyro, const V *accel,
                                     const V *mag, size_t lanes, float *out)
{
    M good = FN(within)(gyro, GYRO_WORST) & FN(within)(accel, ACCEL_WORST);
    M seen = FN(within)(mag, MAG_WORST) & MASK(FN(dot)(mag, mag) > 0.0f);
    V kept[TSK_ORIENT_ROWS];
    int spoilt = FN(any)(~good);
    V g[3], a[3], m[3];
    for (int i = 0; i < 3; i++) {
        g[i] = FN(choose)(good, gyro[i], ZERO);
        a[i] = FN(choose)(good, accel[i], ZERO + 1.0f);
        m[i] = FN(choose)(seen, mag[i], ZERO + 1.0f);
    }
    if (spoilt) {
        for (int i = 0; i < TSK_ORIENT_ROWS; i++) {
            kept[i] = s[i];
        }
    }
    FN(start_again)(c, s, MASK(s[ROW_MISSING] > c->hold));
    s[ROW_MISSING] = ZERO;
    FN(orient_step)(c, s, g, a, m, seen);
    if (spoilt) {
        for (int i = 0; i < TSK_ORIENT_ROWS; i++) {
            s[i] = FN(choose)(good, s[i], kept[i]);
        }
        V longer = FN(least)(s[ROW_MISSING] + c->dt, ZERO + 2.0f * c->hold + c->dt);
        s[ROW_MISSING] = FN(choose)(good, s[ROW_MISSING], longer);
    }
    M saturated = good & ~(FN(within)(gyro, c->gyro_full) & FN(within)(accel, c->accel_full));
    for (size_t i = 0; i < 4; i++) {
        FN(store)(s[ROW_ANSWER + i], out + i * lanes);
    }
    for (size_t i = 0; i < 3; i++) {
        FN(store)(s[ROW_BIAS + i], out + (4 + i) * lanes);
    }
    FN(store)(FN(choose)(good, s[ROW_REST], ZERO), out + 7 * lanes);
    FN(store)(FN(quality)(c, s, good, saturated, seen), out + 8 * lanes);
}

/* rows: the state of these lanes and those beside them, lanes of them in all. */
static TARGET void FN(orient_run)(const struct tsk_orient_coef *c, float *rows, size_t lanes, const float *gyro,
                                  const float *accel, const float *mag, size_t n, float *out)
{
    V s[TSK_ORIENT_ROWS];
    for (size_t i = 0; i < TSK_ORIENT_ROWS; i++) {
        s[i] = FN(load)(rows + i * lanes);
    }
    for (size_t i = 0; i < n; i++) {
        V g[3], a[3], m[3] = {ZERO, ZERO, ZERO};
        FN(load_axes)(gyro + 3 * lanes * i, lanes, g);
        FN(load_axes)(accel + 3 * lanes * i, lanes, a);
        if (c->magnetometer) {
            FN(load_axes)(mag + 3 * lanes * i, lanes, m);
        }
        FN(orient_sample)(c, s, g, a, m, lanes, out + TSK_ORIENT_OUT * lanes * i);
    }
    for (size_t i = 0; i < TSK_ORIENT_ROWS; i++) {
        FN(store)(s[i], rows + i * lanes);
    }
}
