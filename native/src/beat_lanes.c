/* Beat detector of 16 hubs side by side: the front end in lanes, decisions one by one.
 *
 * The bits are those of the single form, since all of it is in integers. What is rare
 * (a bad sample, the end of a peak, a decision) leaves the lanes. */
#include "beat.h"

enum { LANES = TSK_BEAT_LANES, LARGEST_STEP = TSK_BEAT_LARGEST_STEP };

#define LIMIT_UV 262144.0f

void tsk_beat_reset_lanes(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state)
{
    static const struct tsk_beat_lanes zero;
    *state = zero;
    for (int k = 0; k < LANES; k++) {
        tsk_beat_reset_back(coef, &state->back[k]);
        state->missing[k] = coef->hold + 1;
    }
    state->wake = coef->learn;
}

int tsk_beat_valid_lanes(const struct tsk_beat_coef *coef, const struct tsk_beat_lanes *state)
{
    int valid = state->phase >= 0 && state->phase < coef->decimate;
    for (int k = 0; k < LANES; k++) {
        valid = valid && tsk_beat_valid_back(&state->back[k]);
    }
    return valid;
}

/* One hub's row of what it is decided from, as the single form has it. */
static struct tsk_beat_back *looked_at(struct tsk_beat_lanes *state, int k)
{
    struct tsk_beat_back *back = &state->back[k];
    back->now = state->now;
    back->rising = state->rising[k] & 1;
    back->top_at = state->now - (int64_t)((uint32_t)state->now - state->top_at[k]);
    return back;
}

static struct tsk_beat_ring ring_of(const struct tsk_beat_lanes *state, int k)
{
    const struct tsk_beat_ring ring = {&state->ring[0][k], LANES, state->head};
    return ring;
}

static struct tsk_beat_line line_of(const struct tsk_beat_lanes *state, int k)
{
    const struct tsk_beat_line line = {state->base[k], state->held[k], state->missing[k], state->same[k]};
    return line;
}

static void put_line(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state, int k,
                     const struct tsk_beat_line *line)
{
    state->base[k] = line->base;
    state->held[k] = line->held;
    state->missing[k] = line->missing;
    state->same[k] = line->same;
    state->calm &= line->missing == 0 && line->same < coef->flat;
}

/* Inputs of which some are bad or in a flat line, hub by hub. */
static void take_with_care(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state, const float *in)
{
    state->calm = 1;
    for (int k = 0; k < LANES; k++) {
        const struct tsk_beat_ring ring = ring_of(state, k);
        struct tsk_beat_line line = line_of(state, k);
        tsk_beat_take(coef, &line, looked_at(state, k), &ring, in[k]);
        put_line(coef, state, k, &line);
    }
}

/* Those whose line has just become a flat one. */
static void note_flat(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state)
{
    for (int k = 0; k < LANES; k++) {
        if (state->same[k] == coef->flat) {
            const struct tsk_beat_ring ring = ring_of(state, k);
            struct tsk_beat_line line = line_of(state, k);
            tsk_beat_flat(coef, &line, looked_at(state, k), &ring);
            put_line(coef, state, k, &line);
        }
    }
}

static void queue(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state, const int32_t *ended)
{
    for (int k = 0; k < LANES; k++) {
        if (ended[k]) {
            struct tsk_beat_back *back = looked_at(state, k);
            tsk_beat_queue(coef, back, state->top[k]);
            state->wake = back->wake < state->wake ? back->wake : state->wake;
        }
    }
}

static size_t decide(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state, struct tsk_hub_beat *out)
{
    size_t beats = 0;
    state->wake = INT64_MAX;
    for (int k = 0; k < LANES; k++) {
        struct tsk_beat_back *back = &state->back[k];
        if (state->now > back->wake) {
            struct tsk_beat found[TSK_BEAT_QUEUE];
            const struct tsk_beat_ring ring = ring_of(state, k);
            size_t count = tsk_beat_decide(coef, looked_at(state, k), &ring, found);
            for (size_t i = 0; i < count; i++, beats++) {
                out[beats].hub = k;
                out[beats].beat = found[i];
            }
        }
        state->wake = back->wake < state->wake ? back->wake : state->wake;
    }
    return beats;
}

/* A row of fewer hubs; the idle lanes get what is neither flat nor a peak. */
static void pad(const struct tsk_beat_coef *coef, const struct tsk_beat_lanes *state, float *to,
                const float *from, size_t n)
{
    uint32_t inputs = state->head * (uint32_t)coef->decimate + (uint32_t)state->phase;
    for (size_t k = 0; k < LANES; k++) {
        to[k] = k < n ? from[k] : (float)(inputs & 1u);
    }
}

#if defined(__GNUC__) && defined(__x86_64__)

typedef int32_t eight_ints __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint32_t eight_words __attribute__((vector_size(32), aligned(4), may_alias));
typedef float eight_floats __attribute__((vector_size(32), aligned(4), may_alias));
#define TARGET __attribute__((target("avx2")))
#define WIDE 8
#define INT eight_ints
#define WORD eight_words
#define REAL eight_floats
#define MASK(comparison) (comparison)
#define WHOLE(x) __builtin_convertvector(x, eight_ints)
#define ROW(name) name##_of_8
#include "beat_lanes_row.h"

static int has_eight(void)
{
    return __builtin_cpu_supports("avx2");
}

#else

static int has_eight(void)
{
    return 0;
}

#define run_of_8 run_of_few

#endif

#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON))

typedef int32_t four_ints __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint32_t four_words __attribute__((vector_size(16), aligned(4), may_alias));
typedef float four_floats __attribute__((vector_size(16), aligned(4), may_alias));
#define TARGET
#define WIDE 4
#define INT four_ints
#define WORD four_words
#define REAL four_floats
#define MASK(comparison) (comparison)
#define WHOLE(x) __builtin_convertvector(x, four_ints)

#else

#define TARGET
#define WIDE 1
#define INT int32_t
#define WORD uint32_t
#define REAL float
#define MASK(comparison) (-(comparison))
#define WHOLE(x) ((int32_t)(x))

#endif

#define ROW(name) name##_of_few
#include "beat_lanes_row.h"

size_t tsk_beat_process_lanes(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state,
                              const float *in, size_t n, size_t step, size_t width, size_t *used,
                              struct tsk_hub_beat *out, size_t room)
{
    if (has_eight()) {
        return run_of_8(coef, state, in, n, step, width, used, out, room);
    }
    return run_of_few(coef, state, in, n, step, width, used, out, room);
}
