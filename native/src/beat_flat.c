/* Beat detector: bad samples, and lines that stay at one value.
 *
 * A line that jumped to another level and stays there for 100 ms is a sensor that is off
 * or at its limit: its jump must be no beat. Between the beats of a patient simulator or
 * of a coarse converter a line may be as flat, but a beat comes back to where it began
 * and a wave rises slowly; such a line is off when it lasts for twice the usual. */
#include "beat.h"

int tsk_beat_is_step(const struct tsk_beat_coef *coef, const struct tsk_beat_back *back, int64_t at)
{
    return at >= back->flat_from - coef->reach && at <= back->flat_from + coef->window;
}

void tsk_beat_missing(struct tsk_beat_back *back, int64_t from)
{
    back->bad_at = back->now;
    if (back->gap_to < back->now - 1) {
        back->gap_before = back->gap_to;
        back->gap_from = from;
    }
    back->gap_to = back->now;
}

int32_t tsk_beat_bad(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int32_t missing)
{
    back->bad_at = back->now;
    if (missing <= coef->hold) {
        missing += 1;
    }
    if (missing > coef->hold) {
        tsk_beat_missing(back, back->now - coef->hold);
    }
    return missing;
}

/* What a jump of so many counts of the ring adds to the energy. */
static int32_t energy_of(const struct tsk_beat_coef *coef, int32_t step)
{
    step = step < 0 ? -step : step;
    step = step > TSK_BEAT_LARGEST_STEP ? TSK_BEAT_LARGEST_STEP : step;
    return (step * coef->slope * coef->smooth * coef->smooth) >> coef->shift;
}

/* The line before the latest input, so many samples of the ring ago. */
static uint32_t ago(const struct tsk_beat_ring *ring, int32_t samples)
{
    return ring->samples[((ring->head - 1u - (uint32_t)samples) & (TSK_BEAT_RING - 1u)) * ring->step];
}

/* Whether the line jumped to the value that it has had for coef->flat inputs. */
static int jumped(const struct tsk_beat_coef *coef, const struct tsk_beat_back *back,
                  const struct tsk_beat_ring *ring)
{
    int32_t flat = coef->flat / coef->decimate;
    uint32_t before = ago(ring, flat + coef->jump_in);
    int32_t jump = (int32_t)(ago(ring, 0) - before);
    int32_t least = 0;
    int32_t most = 0;
    for (int32_t i = coef->jump_in + 1; i <= coef->level_in; i++) {
        int32_t x = (int32_t)(ago(ring, flat + i) - before);
        least = x < least ? x : least;
        most = x > most ? x : most;
    }
    int level = most - least <= (jump < 0 ? -jump : jump) / 2;
    return level && energy_of(coef, jump) > (int32_t)((int64_t)back->loudest * coef->jump / 256);
}

static int32_t between(int32_t least, int32_t value, int32_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* The line is flat since `from`, and jumped there: that was no beat. */
static void mark_step(const struct tsk_beat_coef *coef, struct tsk_beat_back *back, int64_t from)
{
    back->flat_from = from;
    for (int32_t i = 0; i < back->count; i++) {
        struct tsk_beat_peak *peak = &back->queue[(back->first + i) & (TSK_BEAT_QUEUE - 1)];
        peak->unsure = tsk_beat_is_step(coef, back, peak->at) ? TSK_BEAT_STEP : peak->unsure;
    }
}

void tsk_beat_flat(const struct tsk_beat_coef *coef, struct tsk_beat_line *line,
                   struct tsk_beat_back *back, const struct tsk_beat_ring *ring)
{
    int64_t from = back->now - line->same / coef->decimate;
    if (line->same == coef->flat) {
        back->flat_for = between(coef->quiet, 2 * back->usual, coef->off);
        if (jumped(coef, back, ring)) {
            mark_step(coef, back, from);
            back->flat_for = coef->flat;
        }
    }
    if (line->same >= back->flat_for && line->same >= coef->flat) {
        tsk_beat_missing(back, from);
        line->missing = coef->hold + 1;
        line->same = coef->off;
    }
}

void tsk_beat_take_flat(const struct tsk_beat_coef *coef, struct tsk_beat_line *line,
                        struct tsk_beat_back *back, const struct tsk_beat_ring *ring, uint32_t step)
{
    if (line->missing > coef->hold && line->same == coef->off && step == 0) {
        tsk_beat_missing(back, back->now);
        return;
    }
    int32_t inner = (int32_t)step * coef->decimate;
    int leaps = line->same >= coef->flat && energy_of(coef, inner) / 2 > back->loudest;
    if (leaps && line->missing <= coef->hold) {
        tsk_beat_missing(back, back->now - line->same / coef->decimate);
    }
    if (leaps || line->missing > coef->hold) {
        if (line->same == coef->off) { /* a pause may have been longer than usual: they may be so from now on */
            back->usual = between(coef->quiet, 2 * back->usual, coef->off);
        }
        line->base += step;
        line->missing = 0;
        line->same = 0;
        return;
    }
    if (step != 0 && line->same >= coef->flat && line->same > back->usual) {
        back->usual = line->same;
    }
    line->held += step;
    line->missing = 0;
    line->same = step == 0 ? line->same + 1 : 0;
    tsk_beat_flat(coef, line, back, ring);
}
