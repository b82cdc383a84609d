/* Steps and activity from the length of the acceleration, for as many hubs as V has lanes.
 *
 * The length does not depend on how the sensor is mounted. A step is a swing of it that
 * is large enough beside the usual one (peaks as in Zhao, "Full-featured pedometer
 * design", Analog Dialogue 44, 2010); steps count once several came evenly. */

enum activity_row {
    ACT_SUM = 0,      /* x y z of the good inputs of an unfinished inner sample */
    ACT_GOOD = 3,     /* how many */
    ACT_LEVEL = 4,    /* mean length */
    ACT_SMOOTH = 5,   /* two means of the deviation from it, one after the other */
    ACT_POWER = 7,    /* its mean square */
    ACT_TOP = 8,      /* highest value since the swing began to rise */
    ACT_VALLEY = 9,   /* lowest since it began to fall */
    ACT_RISING = 10,
    ACT_SWING = 11,   /* usual height of a step */
    ACT_SINCE = 12,   /* s since the last one */
    ACT_INTERVAL = 13,
    ACT_RUN = 14,     /* even steps in a row */
    ACT_STEPS = 15,
    ACT_COUNT = 16,   /* good inner samples, up to 1000 */
    ACT_MISSING = 17, /* s of bad samples in a row */
    ACT_KIND = 18,
    ACT_PACE = 19     /* steps a minute, 0 without */
};

static inline TARGET void FN(put)(V *row, M which, V value)
{
    *row = FN(choose)(which, value, *row);
}

static inline TARGET void FN(activity_add)(V *s, const V *accel)
{
    M good = FN(within)(accel, 1000.0f);
    for (int i = 0; i < 3; i++) {
        s[ACT_SUM + i] += FN(choose)(good, accel[i], ZERO);
    }
    s[ACT_GOOD] += FN(choose)(good, ZERO + 1.0f, ZERO);
}

/* Filters one length; the smoothed deviation is at ACT_SMOOTH + 1. */
static inline TARGET void FN(activity_filter)(const struct tsk_activity_coef *c, V *s, V length, M good)
{
    V share = FN(most)(1.0f / (s[ACT_COUNT] + 1.0f), ZERO + c->level);
    FN(put)(s + ACT_LEVEL, good, s[ACT_LEVEL] + share * (length - s[ACT_LEVEL]));
    V off = length - s[ACT_LEVEL];
    FN(put)(s + ACT_SMOOTH, good, s[ACT_SMOOTH] + c->smooth * (off - s[ACT_SMOOTH]));
    FN(put)(s + ACT_SMOOTH + 1, good, s[ACT_SMOOTH + 1] + c->smooth * (s[ACT_SMOOTH] - s[ACT_SMOOTH + 1]));
    FN(put)(s + ACT_POWER, good, s[ACT_POWER] + c->power * (off * off - s[ACT_POWER]));
    FN(put)(s + ACT_COUNT, good, FN(least)(s[ACT_COUNT] + 1.0f, ZERO + 1000.0f));
}

/* One step at the top of a swing of this height. */
static inline TARGET void FN(activity_stepped)(const struct tsk_activity_coef *c, V *s, M step, V height)
{
    V change = FN(size)(s[ACT_SINCE] - s[ACT_INTERVAL]);
    M even = MASK(s[ACT_RUN] < 1.5f) | MASK(change <= c->even * s[ACT_INTERVAL]);
    M follows = MASK(s[ACT_SINCE] <= c->slowest) & even & MASK(s[ACT_RUN] > 0.5f);
    V run = FN(choose)(follows, FN(least)(s[ACT_RUN] + 1.0f, ZERO + 1000.0f), ZERO + 1.0f);
    M young = MASK(run < 2.5f);
    V mean = s[ACT_INTERVAL] + 0.3f * (s[ACT_SINCE] - s[ACT_INTERVAL]);
    V more = FN(choose)(MASK(run == c->needed), ZERO + c->needed,
                        FN(choose)(MASK(run > c->needed), ZERO + 1.0f, ZERO));
    FN(put)(s + ACT_SWING, step, FN(choose)(young, height, s[ACT_SWING] + 0.3f * (height - s[ACT_SWING])));
    FN(put)(s + ACT_INTERVAL, step, FN(choose)(young, s[ACT_SINCE], mean));
    FN(put)(s + ACT_STEPS, step, s[ACT_STEPS] + more);
    FN(put)(s + ACT_RUN, step, run);
    FN(put)(s + ACT_SINCE, step, ZERO);
}

/* Follows the swing up and down. */
static inline TARGET void FN(activity_swing)(const struct tsk_activity_coef *c, V *s, M good)
{
    V y = s[ACT_SMOOTH + 1];
    V turn = FN(most)(ZERO + c->turn, c->turn_part * s[ACT_SWING]);
    M rising = MASK(s[ACT_RISING] > 0.5f);
    V top = FN(most)(s[ACT_TOP], y), valley = FN(least)(s[ACT_VALLEY], y);
    M over = good & rising & MASK(y < top - turn);
    M up = good & ~rising & MASK(y > valley + turn);
    M step = over & MASK(s[ACT_SINCE] >= c->fastest);
    FN(activity_stepped)(c, s, step, top - s[ACT_VALLEY]);
    FN(put)(s + ACT_TOP, good & rising, top);
    FN(put)(s + ACT_VALLEY, good & ~rising, valley);
    FN(put)(s + ACT_TOP, up, y);
    FN(put)(s + ACT_VALLEY, over, y);
    FN(put)(s + ACT_RISING, over, ZERO);
    FN(put)(s + ACT_RISING, up, ZERO + 1.0f);
}

static inline TARGET void FN(activity_judge)(const struct tsk_activity_coef *c, V *s)
{
    M stale = MASK(s[ACT_SINCE] > c->slowest);
    FN(put)(s + ACT_RUN, stale, ZERO);
    FN(put)(s + ACT_SWING, stale, ZERO);
    M steps = MASK(s[ACT_RUN] >= c->needed);
    M runs = steps & MASK(s[ACT_INTERVAL] <= c->running) & MASK(s[ACT_POWER] >= c->strong);
    V kind = FN(choose)(MASK(s[ACT_POWER] < c->still), ZERO + (float)TSK_ACTIVITY_STILL,
                        ZERO + (float)TSK_ACTIVITY_MOVING);
    kind = FN(choose)(steps, ZERO + (float)TSK_ACTIVITY_WALKING, kind);
    kind = FN(choose)(runs, ZERO + (float)TSK_ACTIVITY_RUNNING, kind);
    M lost = MASK(s[ACT_MISSING] > c->hold);
    s[ACT_KIND] = FN(choose)(lost | MASK(s[ACT_COUNT] == 0.0f), ZERO, kind);
    s[ACT_PACE] = FN(choose)(steps & ~lost, 60.0f / FN(most)(s[ACT_INTERVAL], ZERO + c->fastest), ZERO);
    static const int forgotten[5] = {ACT_COUNT, ACT_POWER, ACT_RUN, ACT_SMOOTH, ACT_SMOOTH + 1};
    for (int i = 0; i < 5; i++) {
        FN(put)(s + forgotten[i], lost, ZERO);
    }
}

/* Ends the inner sample. */
static inline TARGET void FN(activity_inner)(const struct tsk_activity_coef *c, V *s)
{
    M good = MASK(s[ACT_GOOD] > 0.5f);
    V part = 1.0f / FN(most)(s[ACT_GOOD], ZERO + 1.0f);
    V mean[3];
    for (int i = 0; i < 3; i++) {
        mean[i] = s[ACT_SUM + i] * part;
        s[ACT_SUM + i] = ZERO;
    }
    s[ACT_GOOD] = ZERO;
    V square = FN(dot)(mean, mean);
    FN(activity_filter)(c, s, square * FN(inverse_root)(square), good);
    s[ACT_SINCE] = FN(least)(s[ACT_SINCE] + c->dt, ZERO + 2.0f * c->slowest);
    s[ACT_MISSING] = FN(choose)(good, ZERO, FN(least)(s[ACT_MISSING] + c->dt, ZERO + 2.0f * c->hold));
    FN(activity_swing)(c, s, good);
    FN(activity_judge)(c, s);
}

/* rows: the state of these lanes and those beside them, lanes of them in all; phase: of the first input. */
static inline TARGET int32_t FN(activity_run)(const struct tsk_activity_coef *c, float *rows, int32_t phase,
                                              size_t lanes, const float *accel, size_t n, float *out)
{
    V s[TSK_ACTIVITY_ROWS];
    for (size_t i = 0; i < TSK_ACTIVITY_ROWS; i++) {
        s[i] = FN(load)(rows + i * lanes);
    }
    for (size_t i = 0; i < n; i++) {
        const float *in = accel + 3 * lanes * i;
        V a[3] = {FN(load)(in), FN(load)(in + lanes), FN(load)(in + 2 * lanes)};
        FN(activity_add)(s, a);
        if (++phase >= c->decimate) {
            phase = 0;
            FN(activity_inner)(c, s);
        }
        float *said = out + TSK_ACTIVITY_OUT * lanes * i;
        FN(store)(s[ACT_KIND], said);
        FN(store)(s[ACT_STEPS], said + lanes);
        FN(store)(s[ACT_PACE], said + 2 * lanes);
    }
    for (size_t i = 0; i < TSK_ACTIVITY_ROWS; i++) {
        FN(store)(s[i], rows + i * lanes);
    }
    return phase;
}
