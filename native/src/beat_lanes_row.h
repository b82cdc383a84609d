/* The body of beat_lanes.c for one kind of vector: WIDE lanes of INT, WORD and REAL.
 *
 * MASK makes all bits or none of a comparison, WHOLE integers of floats. Loads and
 * stores are of whole vectors, which lie wherever their elements may. */

#define AT(type, array) (*(type *)(array))
#define CHOOSE(mask, yes, no) (((yes) & (mask)) | ((no) & ~(mask)))

TARGET static int ROW(any)(const INT *mask)
{
    int any = 0;
    for (int k = 0; k < WIDE; k++) {
        any |= ((const int32_t *)mask)[k];
    }
    return any;
}

/* Whether any of the samples is bad. */
TARGET static int ROW(bad)(const float *in)
{
    INT bad = {0};
    for (int k = 0; k < LANES; k += WIDE) {
        const REAL x = AT(const REAL, in + k);
        bad |= ~(MASK(x >= -LIMIT_UV) & MASK(x <= LIMIT_UV));
    }
    return ROW(any)(&bad);
}

/* Calm inputs as counts; returns whether the line of one of them has become flat. */
TARGET static int ROW(count)(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state, const float *in)
{
    const REAL zero = {0};
    INT flat = {0};
    for (int k = 0; k < LANES; k += WIDE) {
        const REAL counts = AT(const REAL, in + k) * (zero + coef->gain);
        const INT up = WHOLE(counts + 0.5f), down = WHOLE(counts - 0.5f);
        const INT x = CHOOSE(MASK(counts < 0.0f), down, up);
        const WORD held = (WORD)x - AT(WORD, state->base + k);
        const INT same = (AT(INT, state->same + k) + 1) & (INT)MASK(held == AT(WORD, state->held + k));
        AT(WORD, state->held + k) = held;
        AT(INT, state->same + k) = same;
        flat |= MASK(same == coef->flat);
    }
    return ROW(any)(&flat);
}

/* Energy of one more inner sample, tops and valleys; returns whether a peak ended. */
TARGET static int ROW(push)(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state, int32_t *ended)
{
    const uint32_t head = state->head++, at = (uint32_t)state->now++;
    uint32_t *ring = state->ring[head & (TSK_BEAT_RING - 1u)];
    const uint32_t *before = state->ring[(head - (uint32_t)coef->slope) & (TSK_BEAT_RING - 1u)];
    int32_t *diff = state->diff[head & (TSK_BEAT_SHORT - 1u)];
    int32_t *old_diff = state->diff[(head - (uint32_t)coef->smooth) & (TSK_BEAT_SHORT - 1u)];
    int32_t *sum = state->sum1[head & (TSK_BEAT_SHORT - 1u)];
    int32_t *old_sum = state->sum1[(head - (uint32_t)coef->smooth) & (TSK_BEAT_SHORT - 1u)];
    int32_t *power = state->power[head & (TSK_BEAT_WINDOW - 1u)];
    int32_t *old_power = state->power[(head - (uint32_t)coef->window) & (TSK_BEAT_WINDOW - 1u)];
    const INT most = (INT){0} + LARGEST_STEP;
    INT all = {0};
    for (int k = 0; k < LANES; k += WIDE) {
        const WORD x = AT(WORD, state->block + k);
        INT step = (INT)(x - AT(const WORD, before + k));
        step = CHOOSE(MASK(step > most), most, step);
        step = CHOOSE(MASK(step < -most), -most, step);
        const INT acc1 = AT(INT, state->acc1 + k) + step - AT(INT, old_diff + k);
        const INT acc2 = AT(INT, state->acc2 + k) + acc1 - AT(INT, old_sum + k);
        const INT sign = acc2 >> 31;
        const INT here = ((acc2 ^ sign) - sign) >> coef->shift;
        const INT energy = AT(INT, state->energy + k) + here - AT(INT, old_power + k);
        AT(WORD, ring + k) = x;
        AT(INT, diff + k) = step;
        AT(INT, sum + k) = acc1;
        AT(INT, power + k) = here;
        AT(INT, state->acc1 + k) = acc1;
        AT(INT, state->acc2 + k) = acc2;
        AT(INT, state->energy + k) = energy;
        AT(WORD, state->block + k) = (WORD){0};

        const INT top = AT(INT, state->top + k), valley = AT(INT, state->valley + k);
        const INT rising = AT(INT, state->rising + k);
        const WORD top_at = AT(WORD, state->top_at + k);
        const INT higher = MASK(energy > top);
        const INT fell = MASK(energy < top - (top >> 2) - (top >> 3));
        const INT stood = MASK((INT)(at - top_at) >= coef->top);
        const INT end = rising & ~higher & (fell | stood);
        const INT lower = ~rising & MASK(energy < valley);
        const INT start = ~rising & ~lower & MASK(energy > valley + (valley >> 1) + (valley >> 3));
        const INT new_top = (rising & higher) | start;
        AT(INT, state->top + k) = CHOOSE(new_top, energy, top);
        AT(WORD, state->top_at + k) = CHOOSE((WORD)new_top, at, top_at);
        AT(INT, state->valley + k) = CHOOSE(end | lower, energy, valley);
        AT(INT, state->rising + k) = (rising & ~end) | start;
        AT(INT, ended + k) = end;
        all |= end;
    }
    return ROW(any)(&all);
}

TARGET static size_t ROW(run)(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state,
                              const float *in, size_t n, size_t step, size_t width, size_t *used,
                              struct tsk_hub_beat *out, size_t room)
{
    float padded[LANES];
    size_t beats = 0;
    size_t i = 0;
    for (; i < n && room - beats >= LANES * TSK_BEAT_QUEUE; i++, in += step) {
        int32_t ended[LANES];
        const float *row = in;
        if (width < LANES) {
            pad(coef, state, padded, in, width);
            row = padded;
        }
        if (!state->calm || ROW(bad)(row)) {
            take_with_care(coef, state, row);
        } else if (ROW(count)(coef, state, row)) {
            note_flat(coef, state);
        }
        for (int k = 0; k < LANES; k += WIDE) {
            AT(WORD, state->block + k) += AT(WORD, state->held + k);
        }
        state->phase += 1;
        if (state->phase < coef->decimate) {
            continue;
        }
        state->phase = 0;
        if (ROW(push)(coef, state, ended)) {
            queue(coef, state, ended);
        }
        if (state->now > state->wake) {
            beats += decide(coef, state, out + beats);
        }
    }
    *used = i;
    return beats;
}

#undef AT
#undef CHOOSE
#undef ROW
#undef TARGET
#undef INT
#undef WORD
#undef REAL
#undef WIDE
#undef MASK
#undef WHOLE
