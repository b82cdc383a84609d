/* Beat detector: lengths for a sampling rate, and the state at its start. */
#include "beat.h"

/* Milliseconds in samples, rounded. */
static int32_t samples(uint32_t rate_mhz, uint32_t ms)
{
    return (int32_t)(((uint64_t)rate_mhz * ms + 500000u) / 1000000u);
}

static int32_t at_least(int32_t least, int32_t value)
{
    return value < least ? least : value;
}

int tsk_beat_design(const struct tsk_beat_params *params, struct tsk_beat_coef *coef)
{
    if (params->rate_mhz < 100000u || params->rate_mhz > 2000000u) {
        return TSK_FILTER_RANGE;
    }
    coef->rate_hz = params->rate_mhz / 1000.0;
    coef->decimate = params->rate_mhz > 1000000u ? 4 : params->rate_mhz > 500000u ? 2 : 1;
    coef->gain = coef->decimate == 4 ? 2.0f : coef->decimate == 2 ? 4.0f : 8.0f;
    uint32_t rate = params->rate_mhz / (uint32_t)coef->decimate;
    coef->smooth = at_least(1, samples(rate, 11));
    coef->slope = samples(rate, 41) - 2 * coef->smooth; /* a sum that is longer lets T waves through */
    coef->window = samples(rate, 100);
    coef->shift = 1;
    coef->delay = (coef->slope + 2 * coef->smooth - 2 + coef->window) / 2;
    coef->top = samples(rate, 100);
    coef->refractory = samples(rate, 210);
    coef->t_wave = samples(rate, 360);
    coef->ahead = samples(rate, 250);
    coef->reach = samples(rate, 80);
    coef->baseline = samples(rate, 150);
    coef->learn = samples(rate, 2000);
    coef->hold = samples(rate, 20);
    coef->flat = samples(params->rate_mhz, 100);
    coef->quiet = samples(params->rate_mhz, 400);
    coef->off = samples(params->rate_mhz, 3000);
    coef->jump_in = samples(rate, 40);
    coef->level_in = samples(rate, 200);
    coef->rr_start = 16 * samples(rate, 800);
    coef->floor = 4 * coef->smooth * coef->smooth * coef->window;
    coef->level = 154;
    coef->level_fall = 103;
    coef->noise = 512;
    coef->noise_early = 384;
    coef->noise_most = 186;
    coef->t_level = 154;
    coef->overtake = 288;
    coef->jump = 64;
    return TSK_FILTER_OK;
}

void tsk_beat_reset_back(const struct tsk_beat_coef *coef, struct tsk_beat_back *back)
{
    static const struct tsk_beat_back zero;
    *back = zero;
    back->wake = coef->learn;
    back->learn_to = coef->learn;
    back->last_r = -1;
    back->gap_to = -1;
    back->gap_before = -1;
    back->bad_at = -coef->learn;
    back->flat_from = -coef->learn;
    back->signal = coef->floor;
    back->rr = coef->rr_start;
    back->usual = coef->off / 2;
}

int tsk_beat_valid_back(const struct tsk_beat_back *back)
{
    int queue = back->first >= 0 && back->first < TSK_BEAT_QUEUE && back->count >= 0
                && back->count <= TSK_BEAT_QUEUE && back->located >= 0 && back->located <= back->count;
    return queue && back->signal > 0 && back->rr > 0;
}

int tsk_beat_valid(const struct tsk_beat_coef *coef, const struct tsk_beat_state *state)
{
    return state->phase >= 0 && state->phase < coef->decimate && tsk_beat_valid_back(&state->back);
}

void tsk_beat_reset(const struct tsk_beat_coef *coef, struct tsk_beat_state *state)
{
    static const struct tsk_beat_state zero;
    *state = zero;
    state->line.missing = coef->hold + 1;
    tsk_beat_reset_back(coef, &state->back);
}
