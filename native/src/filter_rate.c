/* Heart rate, its variability and regularity from the intervals between beats. */
#include "tasuki_filters.h"

enum { MASK = TSK_RATE_BEATS - 1, MEDIAN_OF = 8, LEAST_FOR_IRREGULAR = 16 };

/* Irregular: root mean square of successive differences above 0.1 of the mean interval. */
static const float IRREGULAR_SQUARE = 0.01f;

void tsk_rate_reset(struct tsk_rate_state *state)
{
    static const struct tsk_rate_state zero;
    *state = zero;
}

void tsk_rate_beat(struct tsk_rate_state *state, float rr_ms, float confidence)
{
    uint32_t place = state->beats & MASK;
    int possible = rr_ms >= 200.0f && rr_ms <= 3000.0f;
    state->rr[place] = possible ? rr_ms : 0.0f;
    state->confidence[place] = confidence >= 0.0f && confidence <= 1.0f ? confidence : 0.0f;
    state->beats = state->beats == UINT32_MAX ? TSK_RATE_BEATS : state->beats + 1u;
}

static uint32_t held(const struct tsk_rate_state *state)
{
    return state->beats < TSK_RATE_BEATS ? state->beats : TSK_RATE_BEATS;
}

/* Interval of the beat that is back beats before the latest. */
static float rr_back(const struct tsk_rate_state *state, uint32_t back)
{
    return state->rr[(state->beats - 1u - back) & MASK];
}

static float median_of_latest(const struct tsk_rate_state *state)
{
    float sorted[MEDIAN_OF];
    int count = 0;
    for (uint32_t back = 0; back < held(state) && count < MEDIAN_OF; back++) {
        float rr = rr_back(state, back);
        if (rr > 0.0f) {
            int place = count++;
            for (; place > 0 && sorted[place - 1] > rr; place--) {
                sorted[place] = sorted[place - 1];
            }
            sorted[place] = rr;
        }
    }
    if (count == 0) {
        return 0.0f;
    }
    return count % 2 ? sorted[count / 2] : 0.5f * (sorted[count / 2 - 1] + sorted[count / 2]);
}

static float mean_confidence(const struct tsk_rate_state *state)
{
    float sum = 0.0f;
    uint32_t count = held(state) < MEDIAN_OF ? held(state) : MEDIAN_OF;
    for (uint32_t back = 0; back < count; back++) {
        sum += state->confidence[(state->beats - 1u - back) & MASK];
    }
    return count > 0 ? sum / (float)count : 0.0f;
}

void tsk_rate_read(const struct tsk_rate_state *state, struct tsk_rate *out)
{
    float median = median_of_latest(state);
    float squares = 0.0f;
    float sum = 0.0f;
    int pairs = 0;
    for (uint32_t back = 0; back + 1u < held(state); back++) {
        float rr = rr_back(state, back);
        float before = rr_back(state, back + 1u);
        if (rr > 0.0f && before > 0.0f) {
            squares += (rr - before) * (rr - before);
            sum += rr;
            pairs += 1;
        }
    }
    float mean = pairs > 0 ? sum / (float)pairs : 0.0f;
    out->bpm = median > 0.0f ? 60000.0f / median : 0.0f;
    out->mean_square = pairs > 0 ? squares / (float)pairs : -1.0f;
    out->irregular = pairs >= LEAST_FOR_IRREGULAR && out->mean_square > IRREGULAR_SQUARE * mean * mean;
    out->quality = mean_confidence(state);
}
