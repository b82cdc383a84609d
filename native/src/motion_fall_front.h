/* Conditioning for the fall detector, for as many hubs as V has lanes.
 *
 * Gravity is a slow mean that follows no deviation faster than gravity_step: an
 * impact moves it little, and where gravity was removed before it stays near zero.
 * So the same detector takes acceleration with gravity and without. */

#define ACCEL_WORST 1000.0f

/* Adds one input to the inner sample. */
static inline TARGET void FN(fall_add)(V *s, const V *accel)
{
    M good = FN(within)(accel, ACCEL_WORST);
    for (int i = 0; i < 3; i++) {
        s[FALL_SUM + i] += FN(choose)(good, accel[i], ZERO);
    }
    s[FALL_GOOD] += FN(choose)(good, ZERO + 1.0f, ZERO);
}

static inline TARGET V FN(length)(const V *v)
{
    V square = FN(dot)(v, v);
    return square * FN(inverse_root)(square);
}

/* Ends the inner sample: fills FALL_MOVED and FALL_JERK. */
static inline TARGET void FN(fall_inner)(const struct tsk_fall_coef *c, V *s)
{
    M good = MASK(s[FALL_GOOD] > 0.5f);
    V part = 1.0f / FN(most)(s[FALL_GOOD], ZERO + 1.0f);
    M again = good & (MASK(s[FALL_BAD] > (float)c->restart) | MASK(s[FALL_COUNT] == 0.0f));
    V count = FN(choose)(again, ZERO, s[FALL_COUNT]);
    V share = FN(most)(1.0f / (count + 1.0f), ZERO + c->gravity);
    V off[3], change[3];
    for (int i = 0; i < 3; i++) {
        s[FALL_MEAN + i] = FN(choose)(good, s[FALL_SUM + i] * part, s[FALL_MEAN + i]);
        s[FALL_GRAVITY + i] = FN(choose)(again, s[FALL_MEAN + i], s[FALL_GRAVITY + i]);
        off[i] = s[FALL_MEAN + i] - s[FALL_GRAVITY + i];
        change[i] = s[FALL_MEAN + i] - s[FALL_LAST + i];
        s[FALL_SUM + i] = ZERO;
    }
    V most = c->gravity_step * FN(inverse_root)(FN(dot)(off, off));
    V step = FN(choose)(good, share * FN(least)(most, ZERO + 1.0f), ZERO);
    for (int i = 0; i < 3; i++) {
        s[FALL_GRAVITY + i] += step * off[i];
        s[FALL_LAST + i] = s[FALL_MEAN + i];
    }
    s[FALL_COUNT] = FN(choose)(good, FN(least)(count + 1.0f, ZERO + 1e6f), count);
    s[FALL_MOVED] = FN(choose)(good, FN(length)(off), ZERO - 1.0f);
    M known = good & MASK(s[FALL_BAD] == 0.0f) & MASK(count > 0.0f);
    s[FALL_JERK] = FN(choose)(known, c->jerk * FN(length)(change), ZERO - 1.0f);
    s[FALL_BAD] = FN(choose)(good, ZERO, FN(least)(s[FALL_BAD] + 1.0f, ZERO + (float)c->restart + 1.0f));
    s[FALL_GOOD] = ZERO;
}
