/* Posture of the trunk from its orientation, for as many hubs as V has lanes.
 *
 * Tilt tells lying from upright; without a sensor at the thigh, sitting is told only
 * by leaning back and standing only by steps, for as long as the trunk stays erect:
 * to sit down it has to lean forward. Everything else is upright. */

enum posture_row {
    POSTURE_LYING = 0,
    POSTURE_ERECT = 1,
    POSTURE_STOOD = 2,  /* steps were seen since the trunk became erect */
    POSTURE_MISSING = 3 /* bad samples in a row, up to hold */
};

static inline TARGET void FN(posture_step)(const struct tsk_posture_coef *c, V *s, const V *in, V *out)
{
    const V *q = in;
    M good = FN(within)(q, 1.01f) & MASK(FN(size)(q[3]) <= 1.01f);
    V vertical[3] = {2.0f * (q[1] * q[3] - q[0] * q[2]), 2.0f * (q[2] * q[3] + q[0] * q[1]),
                     1.0f - 2.0f * (q[1] * q[1] + q[2] * q[2])};
    V rise = vertical[0] * c->up[0] + vertical[1] * c->up[1] + vertical[2] * c->up[2];
    V face = vertical[0] * c->front[0] + vertical[1] * c->front[1] + vertical[2] * c->front[2];
    V low = FN(choose)(MASK(s[POSTURE_LYING] > 0.5f), ZERO + c->get_up, ZERO + c->lie_down);
    V high = FN(choose)(MASK(s[POSTURE_ERECT] > 0.5f), ZERO + c->lean, ZERO + c->erect);
    M lying = MASK(rise < low), erect = MASK(rise > high);
    M steps = MASK(in[4] >= (float)TSK_ACTIVITY_WALKING) & MASK(in[4] <= (float)TSK_ACTIVITY_RUNNING);
    M stood = erect & (steps | MASK(s[POSTURE_STOOD] > 0.5f));
    V one = ZERO + 1.0f;
    V missing = FN(least)(s[POSTURE_MISSING] + 1.0f, ZERO + c->hold);
    s[POSTURE_MISSING] = FN(choose)(good, ZERO, missing);
    M forget = MASK(s[POSTURE_MISSING] >= c->hold);
    M said[3] = {lying, erect, stood};
    for (int i = 0; i < 3; i++) {
        V now = FN(choose)(good, FN(choose)(said[i], one, ZERO), s[POSTURE_LYING + i]);
        s[POSTURE_LYING + i] = FN(choose)(forget, ZERO, now);
    }
    M back = ~erect & MASK(face > 0.0f);
    V kind = FN(choose)(back, ZERO + (float)TSK_POSTURE_SITTING, ZERO + (float)TSK_POSTURE_UPRIGHT);
    kind = FN(choose)(stood, ZERO + (float)TSK_POSTURE_STANDING, kind);
    kind = FN(choose)(lying, ZERO + (float)TSK_POSTURE_LYING, kind);
    out[0] = FN(choose)(good, kind, ZERO);
    out[1] = FN(choose)(good, rise, ZERO);
}

static inline TARGET void FN(posture_run)(const struct tsk_posture_coef *c, float *rows, size_t lanes,
                                          const float *in, size_t n, float *out)
{
    V s[TSK_POSTURE_ROWS];
    for (size_t i = 0; i < TSK_POSTURE_ROWS; i++) {
        s[i] = FN(load)(rows + i * lanes);
    }
    for (size_t i = 0; i < n; i++) {
        V seen[TSK_POSTURE_IN], said[TSK_POSTURE_OUT];
        for (size_t k = 0; k < TSK_POSTURE_IN; k++) {
            seen[k] = FN(load)(in + (TSK_POSTURE_IN * i + k) * lanes);
        }
        FN(posture_step)(c, s, seen, said);
        for (size_t k = 0; k < TSK_POSTURE_OUT; k++) {
            FN(store)(said[k], out + (TSK_POSTURE_OUT * i + k) * lanes);
        }
    }
    for (size_t i = 0; i < TSK_POSTURE_ROWS; i++) {
        FN(store)(s[i], rows + i * lanes);
    }
}
