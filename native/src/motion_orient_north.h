/* Heading from the magnetometer: which field is believed, and how fast it turns the level frame.
 *
 * Part of motion_orient_step.h. A field is known by its horizontal and vertical length.
 * One that differs is a disturbance, unless it stays while the sensor moves. */

static inline TARGET M FN(near)(const V *field, const V *known, float limit)
{
    V across = field[0] - known[0], along = field[1] - known[1];
    V length = known[0] * known[0] + known[1] * known[1];
    return MASK(across * across + along * along < limit * length);
}

/* Judges the field (horizontal, vertical) and returns where it is believed. */
static inline TARGET M FN(judge_field)(const struct tsk_orient_coef *c, V *s, const V *field, V turned, M seen)
{
    V *known = s + ROW_KNOWN, *other = s + ROW_OTHER;
    V dt = FN(choose)(seen, ZERO + c->dt, ZERO);
    M none = MASK(known[0] == 0.0f) & MASK(known[1] == 0.0f);
    M same = FN(near)(field, known, c->field_limit);
    V clean = FN(choose)(same, FN(least)(s[ROW_CLEAN_TIME] + dt, ZERO + 2.0f * c->field_clean), ZERO);
    M believed = same & MASK(clean >= c->field_clean);
    V disturbed = FN(choose)(same, FN(choose)(believed, ZERO, s[ROW_DISTURBED]), ZERO + 1.0f);

    M still_other = FN(near)(field, other, c->field_limit);
    V moved = s[ROW_OTHER_TIME] + FN(choose)(MASK(turned > c->field_moving), dt, ZERO);
    moved = FN(choose)(still_other, FN(least)(moved, ZERO + 2.0f * c->field_new), ZERO);
    V enough = FN(choose)(none, ZERO + c->field_first, ZERO + c->field_new);
    M adopt = MASK(disturbed > 0.5f) & still_other & MASK(moved >= enough);
    V follow = FN(choose)(seen, ZERO + c->field_follow, ZERO);
    for (int i = 0; i < 2; i++) {
        V kept = known[i] + FN(choose)(believed, follow, ZERO) * (field[i] - known[i]);
        V next = FN(choose)(still_other, other[i] + follow * (field[i] - other[i]), field[i]);
        known[i] = FN(choose)(adopt, next, kept);
        other[i] = next;
    }
    s[ROW_OTHER_TIME] = moved;
    s[ROW_CLEAN_TIME] = FN(choose)(adopt, ZERO + c->field_clean, clean);
    s[ROW_DISTURBED] = FN(choose)(adopt, ZERO, disturbed);
    return MASK(s[ROW_DISTURBED] < 0.5f);
}

/* The share of the heading error to correct now. */
static inline TARGET V FN(heading_share)(const struct tsk_orient_coef *c, V *s, M believed, M seen)
{
    V spent = s[ROW_REJECTED];
    M refuse = MASK(spent < c->reject_for);
    V refund = FN(most)(spent - c->reject_slow * c->dt, ZERO);
    V share = FN(choose)(believed, ZERO + c->heading,
                         FN(choose)(refuse, ZERO, ZERO + c->heading / c->reject_slow));
    s[ROW_REJECTED] = FN(choose)(seen, FN(choose)(believed, refund, FN(choose)(refuse, spent + c->dt, spent)), spent);
    V haste = s[ROW_HASTE];
    V next = haste / (haste + 1.0f);
    share = FN(most)(share, haste);
    s[ROW_HASTE] = FN(choose)(seen, FN(choose)(MASK(next < c->heading), ZERO, next), haste);
    return FN(choose)(seen, share, ZERO);
}

/* mag: the field in the level frame. */
static inline TARGET void FN(find_north)(const struct tsk_orient_coef *c, V *s, const V *mag, V turned, M seen)
{
    V square = mag[0] * mag[0] + mag[1] * mag[1];
    V across = square * FN(inverse_root)(square);
    M first = MASK(s[ROW_FIELD_SEEN] < 0.5f);
    V share = FN(choose)(seen, FN(choose)(first, ZERO + 1.0f, ZERO + c->field), ZERO);
    V *mean = s + ROW_FIELD;
    V field[2] = {across, mag[2]};
    for (int i = 0; i < 2; i++) {
        mean[i] += share * (field[i] - mean[i]);
        mean[2 + i] += share * (mean[i] - mean[2 + i]);
    }
    s[ROW_FIELD_SEEN] = FN(choose)(seen, ZERO + 1.0f, s[ROW_FIELD_SEEN]);
    M believed = FN(judge_field)(c, s, mean + 2, turned, seen);
    V correct = FN(heading_share)(c, s, believed, seen);

    V *north = s + ROW_NORTH;
    V cosine = north[0] * north[0] - north[1] * north[1], sine = 2.0f * north[0] * north[1];
    /* the field should lie along +y of east-north-up */
    V east = cosine * mag[0] - sine * mag[1], to_north = sine * mag[0] + cosine * mag[1];
    V half = 0.5f * correct * FN(angle)(east, to_north);
    V turn = FN(cosine)(half * half), by = half * FN(sine_ratio)(half * half);
    V next[2] = {north[0] * turn - north[1] * by, north[0] * by + north[1] * turn};
    V scale = 1.5f - 0.5f * (next[0] * next[0] + next[1] * next[1]); /* as in unit() */
    north[0] = next[0] * scale;
    north[1] = next[1] * scale;
}
