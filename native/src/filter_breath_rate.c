/* The rate of the latest minute of breaths, how regular they are, and silence. */
#include "breath.h"

enum { RECENT = TSK_BREATH_RECENT - 1, LEAST_INTERVALS = 2, SURE_INTERVALS = 5 };

struct intervals {
    float sorted[TSK_BREATH_RECENT + 1];
    int count;
    int64_t sum;
};

static void add(struct intervals *all, int64_t interval)
{
    float length = (float)interval;
    int place = all->count++;
    for (; place > 0 && all->sorted[place - 1] > length; place--) {
        all->sorted[place] = all->sorted[place - 1];
    }
    all->sorted[place] = length;
    all->sum += interval;
}

static float median(const struct intervals *all)
{
    int half = all->count / 2;
    return all->count % 2 ? all->sorted[half] : 0.5f * (all->sorted[half - 1] + all->sorted[half]);
}

/* Median distance from the median, as a share of it. */
static float spread(const struct intervals *all)
{
    struct intervals far = {{0}, 0, 0};
    float middle = median(all);
    for (int i = 0; i < all->count; i++) {
        float distance = all->sorted[i] - middle;
        add(&far, (int64_t)(distance < 0.0f ? -distance : distance));
    }
    return median(&far) / middle;
}

/* A top that the signal has begun to fall from is a breath already, unless the
 * fall ends too soon: so the rate need not wait for its end. Returns 0 where there
 * is none. */
static int64_t early_interval(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state)
{
    float depth = state->turn - state->valley;
    float fallen = state->turn - state->value;
    int falls = state->rising && state->seen >= coef->settle && tsk_breath_joined(state)
                && fallen > coef->early * tsk_breath_least(coef, state)
                && depth >= coef->shallowest * state->depth;
    if (!falls) {
        return 0;
    }
    int64_t interval = tsk_breath_top(coef, state) * coef->decimate - state->recent[(state->head - 1) & RECENT];
    return interval > 0 ? interval : 0;
}

void tsk_breath_read(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state,
                     struct tsk_breath_rate *out)
{
    int64_t now = state->now * coef->decimate + state->phase;
    int64_t oldest = now - coef->window;
    struct intervals all = {{0}, 0, 0};
    for (int back = 1; back < state->breaths; back++) {
        int32_t place = (state->head - back) & RECENT;
        int64_t before = state->recent[(place - 1) & RECENT];
        if (before < oldest) {
            break;
        }
        if (state->known >> place & 1u) {
            add(&all, state->recent[place] - before);
        }
    }
    int64_t early = early_interval(coef, state);
    int64_t last = state->recent[(state->head - 1) & RECENT];
    if (early > 0 && last >= oldest) {
        add(&all, early);
    }
    out->rate_bpm = 0.0f;
    out->confidence = 0.0f;
    if (all.count >= LEAST_INTERVALS) {
        float regular = 1.0f - 2.0f * spread(&all);
        float enough = all.count < SURE_INTERVALS ? (float)all.count / (float)SURE_INTERVALS : 1.0f;
        out->rate_bpm = 60.0f * coef->rate_hz * (float)all.count / (float)all.sum;
        out->confidence = (regular < 0.0f ? 0.0f : regular) * enough;
    }
    int64_t sure_from = state->gap_at > 0 ? state->gap_at * coef->decimate : 0;
    int64_t since = now - (last > sure_from ? last : sure_from);
    int in_gap = state->level.missing > coef->hold;
    out->apnoea = state->breaths > 0 && !in_gap && since > coef->apnoea;
}
