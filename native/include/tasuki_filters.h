/* Streaming filters: biquad cascades, beats, breaths, temperature, heart rate.
 *
 * Freestanding C99 over the caller's memory: no allocation, no libm. Each filter
 * has params (what the caller wants), coefficients (made once) and state (what a
 * stream carries from sample to sample); a state may be copied, stored and
 * restored as bytes. Any split of an input gives the same bits as the whole. */
#ifndef TASUKI_FILTERS_H
#define TASUKI_FILTERS_H

#include <stddef.h>
#include <stdint.h>

enum tsk_filter_error {
    TSK_FILTER_OK = 0,
    TSK_FILTER_RANGE = -1 /* a param is outside what the filter is made for */
};

enum tsk_filter_size {
    TSK_BEAT_RING = 512,  /* samples kept to find the R peak in: 1 s at 500 Hz */
    TSK_BEAT_SHORT = 16,  /* longest smoothing window, samples */
    TSK_BEAT_WINDOW = 64, /* longest energy window, samples */
    TSK_BEAT_QUEUE = 64   /* peaks that wait for their decision */
};

/* ---- biquad cascades ---- */

struct tsk_biquad_params {
    int32_t sections; /* 1 to 16 */
    int32_t channels; /* interleaved, at least 1 */
};

struct tsk_biquad_coef {
    int32_t sections;
    int32_t channels;
    int32_t too_large;    /* 1: a coefficient does not fit `fixed`, tsk_biquad_i32 must not be used */
    float real[16][5];    /* b0 b1 b2 a1 a2 of each section, a0 = 1 */
    int32_t fixed[16][5]; /* the same in Q2.30, for tsk_biquad_i32; */
    int32_t lift[16];     /* b0 b1 b2 with so many fewer places, 0 to 2, where they are 2 to 8 */
};

/* The state is words in the caller's memory, all zero at the start. f32: for each
 * section two delays of every channel, then the latest good input of every channel.
 * i32: for each of sections + 1 signals the two latest values of every channel, then
 * for each section what its two latest roundings took off. */
size_t tsk_biquad_words_f32(const struct tsk_biquad_params *params);
size_t tsk_biquad_words_i32(const struct tsk_biquad_params *params);

/* sos: sections rows of b0 b1 b2 a0 a1 a2 with a0 = 1, as SciPy writes them. */
int tsk_biquad_design(const struct tsk_biquad_params *params, const double *sos,
                      struct tsk_biquad_coef *coef);

/* Transposed direct form 2. A bad input (NaN, infinite) comes out as NaN and the
 * filter goes on with the latest good one. out may be in. */
void tsk_biquad_f32(const struct tsk_biquad_coef *coef, float *state, const float *in, size_t n, float *out);

/* Direct form 1, 64-bit sums, rounded after each section and limited to +-(2^28 - 1).
 * What rounding takes off is given back, so that even a low corner keeps whole counts
 * (error feedback of second order, Higgins and Munson, IEEE Trans ASSP 30:963-973, 1982). */
void tsk_biquad_i32(const struct tsk_biquad_coef *coef, int32_t *state, const int32_t *in, size_t n,
                    int32_t *out);

/* n samples that are missing: as n bad ones, nothing comes out. */
void tsk_biquad_gap_f32(const struct tsk_biquad_coef *coef, float *state, size_t n);
void tsk_biquad_gap_i32(const struct tsk_biquad_coef *coef, int32_t *state, size_t n);

/* Takes the first value, and any jump over a gap of more than hold samples, off
 * the signal; a bad sample comes out as NaN. out may be in. */
struct tsk_level_state {
    float offset;
    float held;
    int32_t missing;
    int32_t started;
};

void tsk_level_reset(struct tsk_level_state *state);
void tsk_level_process(int32_t hold, struct tsk_level_state *state, const float *in, size_t n, float *out);
void tsk_level_gap(int32_t hold, struct tsk_level_state *state, uint64_t n);

/* The same of 16 hubs side by side. */
struct tsk_level_lanes {
    float offset[16];
    float held[16];
    int32_t missing[16];
    int32_t started[16];
    int32_t calm; /* 1: every hub started and its latest sample was good */
};

void tsk_level_reset_lanes(struct tsk_level_lanes *state);

/* n rows, `step` floats apart, of which the first `width` (1 to 16) are the hubs'; out may be in. */
void tsk_level_process_lanes(int32_t hold, struct tsk_level_lanes *state, const float *in, size_t n,
                             size_t step, size_t width, float *out);

/* ---- beats ---- */

struct tsk_beat_params {
    uint32_t rate_mhz; /* sampling rate in millihertz, 100 to 2000 Hz */
};

/* All lengths in samples of the inner rate, which is the rate divided by decimate. */
struct tsk_beat_coef {
    double rate_hz;
    float gain;         /* counts per microvolt, so that an inner sample counts eighths */
    int32_t decimate;   /* inputs averaged into one sample */
    int32_t smooth;     /* each of two moving sums, 11 ms */
    int32_t slope;      /* distance of the difference; with both sums 41 ms */
    int32_t window;     /* energy window, 100 ms */
    int32_t shift;      /* keeps the energy inside 30 bits */
    int32_t delay;      /* from a deflection to its energy peak */
    int32_t top;        /* a peak stands when nothing higher came for 100 ms */
    int32_t refractory; /* no second beat within 210 ms */
    int32_t t_wave;     /* 360 ms, in which a T wave may follow */
    int32_t ahead;      /* 250 ms, in which a larger peak disproves this one */
    int32_t reach;      /* R peak within 80 ms of the energy's centre */
    int32_t baseline;   /* half of the 300-ms mean under the R peak */
    int32_t learn;      /* 2 s for the first level; also the silence that lowers it */
    int32_t hold;       /* a longer run of bad samples is a gap, 20 ms */
    int32_t flat;       /* so many inputs of one value, 100 ms, are a flat line, */
    int32_t quiet;      /* so many, 400 ms, or twice the usual flat line, a sensor that is off; */
    int32_t off;        /* so many always, 3 s */
    int32_t jump_in;    /* a line that jumped within 40 ms before it became flat, */
    int32_t level_in;   /* and was level from 200 to 40 ms before, is off at once */
    int32_t rr_start;   /* 0.8 s in 1/16 samples */
    int32_t floor;      /* energy below which nothing is a peak */
    int32_t level;      /* all below in 1/256: threshold right after a beat, of the level of beats */
    int32_t level_fall; /* how much of it is gone after a mean interval */
    int32_t noise;      /* threshold over the level of noise, a mean interval after a beat */
    int32_t noise_early; /* how much more right after one */
    int32_t noise_most; /* but not above this share of the level of beats */
    int32_t t_level;    /* threshold while a T wave may come, of the last beat */
    int32_t overtake;   /* how much larger a peak must be to disprove the one before it */
    int32_t jump;       /* how large a jump must be to matter, of the loudest peaks */
};

struct tsk_beat_peak {
    int64_t at;     /* centre of the energy, inner samples */
    int64_t r;      /* R peak, inner samples; looked for when it becomes a beat, or while learning */
    int64_t gap_to; /* end of the latest gap before it, -1 when there was none */
    int32_t energy;
    int32_t unsure; /* 1: bad samples lie under it, 2: it is the step into a flat line */
};

/* What is decided from: peaks, levels, gaps. */
struct tsk_beat_back {
    int64_t now;      /* inner samples so far, gaps included */
    int64_t wake;     /* the queue is looked at when now exceeds this */
    int64_t learn_to; /* end of the learning phase, -1 when over */
    int64_t last_at;  /* energy centre of the last beat */
    int64_t last_r;   /* R peak of the last beat, -1 before the first */
    int64_t gap_from; /* the latest gap, inner samples */
    int64_t gap_to;   /* its end, -1 when there was none */
    int64_t gap_before; /* end of the gap before it, -1 when there was none */
    int64_t bad_at;   /* latest bad sample */
    int64_t flat_from; /* start of the latest flat line that was jumped into */
    int64_t top_at;   /* where the energy was highest */
    struct tsk_beat_peak queue[64];
    int32_t rising;   /* 1: a peak is being followed, 0: a valley */
    int32_t first;    /* queue: oldest, number, how many are located */
    int32_t count;
    int32_t located;
    int32_t signal;   /* level of beats */
    int32_t noise;    /* level of what is not one */
    int32_t last_energy;
    int32_t rr;       /* mean interval, 1/16 samples */
    int32_t loudest;  /* energy of the latest large peaks */
    int32_t usual;    /* longest of the latest flat lines between beats, inputs */
    int32_t flat_for; /* so many inputs of one value mean that the sensor is off */
    int32_t reserved;
};

/* The input as a count of eighths of a microvolt that a gap does not make jump. */
struct tsk_beat_line {
    uint32_t base;    /* subtracted from the input since the latest gap */
    uint32_t held;    /* latest good sample; wraps */
    int32_t missing;  /* bad samples in a row, until coef->hold + 1; so many at the start */
    int32_t same;     /* how often in a row the latest value was repeated, until coef->off */
};

struct tsk_beat_state {
    struct tsk_beat_back back;
    uint32_t ring[512]; /* input, 1/8 microvolt, no jump over a gap; wraps */
    int32_t diff[16];
    int32_t sum1[16];
    int32_t power[64];
    uint32_t head;    /* samples in the rings so far; wraps */
    struct tsk_beat_line line;
    uint32_t block;   /* sum of the inputs of an unfinished inner sample */
    int32_t phase;    /* how many */
    int32_t acc1;     /* moving sums */
    int32_t acc2;
    int32_t energy;
    int32_t top;      /* highest energy of this peak */
    int32_t valley;   /* lowest energy since the last peak */
};

/* The same of 16 hubs side by side, which get their samples together. */
struct tsk_beat_lanes {
    struct tsk_beat_back back[16]; /* now, rising and top_at of each only while it is looked at */
    uint32_t ring[512][16];
    int32_t diff[16][16];
    int32_t sum1[16][16];
    int32_t power[64][16];
    uint32_t base[16];
    uint32_t held[16];
    uint32_t block[16];
    int32_t missing[16];
    int32_t same[16];
    int32_t acc1[16];
    int32_t acc2[16];
    int32_t energy[16];
    int32_t rising[16]; /* all bits set: a peak is being followed */
    int32_t top[16];
    uint32_t top_at[16]; /* low bits */
    int32_t valley[16];
    int64_t now;
    int64_t wake;    /* earliest of all */
    uint32_t head;
    int32_t phase;
    int32_t calm;    /* 1: the latest sample of every hub was good, and no line is flat */
    int32_t reserved;
};

struct tsk_beat {
    int64_t sample;    /* R peak, samples since the start, gaps included */
    double time_s;     /* the same in seconds */
    double rr_s;       /* since the last beat; NaN at the first and across a gap */
    double confidence; /* 0 to 1 in 256 steps */
};

int tsk_beat_design(const struct tsk_beat_params *params, struct tsk_beat_coef *coef);

void tsk_beat_reset(const struct tsk_beat_coef *coef, struct tsk_beat_state *state);

/* Whether a state that comes from outside can be one of this filter: 0 when its counters
 * would lead out of its memory. */
int tsk_beat_valid(const struct tsk_beat_coef *coef, const struct tsk_beat_state *state);

/* Takes microvolts until the input ends or fewer than TSK_BEAT_QUEUE beats fit in
 * out; returns the beats decided, and in *used the samples taken. NaN, infinite
 * and |x| > 262144 are bad samples. */
size_t tsk_beat_process(const struct tsk_beat_coef *coef, struct tsk_beat_state *state,
                        const float *in, size_t n, size_t *used,
                        struct tsk_beat *out, size_t room);

/* n samples that are known to be missing, as so many NaN but in bounded time.
 * room must be at least 2 * TSK_BEAT_QUEUE. */
size_t tsk_beat_gap(const struct tsk_beat_coef *coef, struct tsk_beat_state *state,
                    uint64_t n, struct tsk_beat *out, size_t room);

struct tsk_hub_beat {
    int64_t hub; /* 0 to 15 within its lanes */
    struct tsk_beat beat;
};

void tsk_beat_reset_lanes(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state);

int tsk_beat_valid_lanes(const struct tsk_beat_coef *coef, const struct tsk_beat_lanes *state);

/* n rows of microvolts, `step` floats apart, of which the first `width` (1 to 16) are
 * the hubs'. Stops when fewer than 16 * TSK_BEAT_QUEUE beats fit in out; returns the
 * beats decided, each hub's in order, and in *used the rows taken. */
size_t tsk_beat_process_lanes(const struct tsk_beat_coef *coef, struct tsk_beat_lanes *state,
                              const float *in, size_t n, size_t step, size_t width, size_t *used,
                              struct tsk_hub_beat *out, size_t room);

/* ---- breaths ---- */

enum tsk_breath_size {
    TSK_BREATH_RING = 64,  /* inner samples kept to find a top in */
    TSK_BREATH_RECENT = 64 /* breaths kept for the rate: a minute of 64 a minute */
};

struct tsk_breath_coef {
    struct tsk_biquad_coef filter; /* band-pass at the inner rate, one channel, at most 4 sections */
    float rate_hz;     /* of the inputs */
    int32_t decimate;  /* inputs averaged into one inner sample */
    int32_t hold;      /* a longer run of bad inputs is a gap, inputs */
    int32_t window;    /* the rate is of so many inputs, 60 s */
    int32_t apnoea;    /* inputs without a breath that are an apnoea, 10 s */
    int32_t delay;     /* of the filter for a usual breath, inner samples */
    int32_t reach;     /* a top lies within so many inner samples of the filter's, below half the ring */
    int32_t settle;    /* inner samples before the first breath is believed */
    float follow;      /* share of a new sample in the mean deflection */
    float hysteresis;  /* turn that ends a breath, as a share of the mean deflection */
    float shallowest;  /* least depth of a breath, as a share of the usual one */
    float patience;    /* usual intervals after which the hysteresis begins to fall, in one more to `least` */
    float least;       /* lowest share of the hysteresis */
    float largest;     /* a deflection counts as so many mean ones at most, */
    float deepest;     /* a breath as so many usual ones: an artefact is no measure */
    int32_t lost;      /* inner samples without a breath after which the usual depth falls */
    float early;       /* share of the hysteresis after which a top counts for the rate already */
};

struct tsk_breath_state {
    int64_t now;      /* inner samples so far, gaps included */
    int64_t turn_at;  /* where the present top or valley is */
    int64_t last_at;  /* filter's top of the latest breath, -1 before the first */
    int64_t gap_at;   /* end of the latest gap, -1 when there was none */
    int64_t recent[64]; /* ends of inspiration, samples; wraps */
    uint64_t known;   /* bit of each of them: the interval before it has no gap in it */
    struct tsk_level_state level;
    float delays[12];
    float ring[64];   /* inner samples, NaN where bad; wraps */
    float block;      /* sum of an unfinished inner sample */
    int32_t phase;    /* inputs in it */
    int32_t good;     /* good ones among them */
    int32_t seen;     /* inner samples since the start, until settle */
    int32_t rising;
    int32_t breaths;  /* so far, until the ring of recent ones is full; then stays */
    int32_t head;     /* where the next one goes */
    float mean;       /* mean deflection */
    float turn;       /* highest or lowest value since the last turn */
    float value;      /* latest filtered value */
    float valley;     /* value at the last valley */
    float depth;      /* usual depth of a breath */
    float interval;   /* usual interval, inner samples; 0 before the first */
    int32_t reserved[2];
};

struct tsk_breath {
    int64_t sample;   /* end of inspiration, samples since the start */
    int64_t interval; /* samples since the breath before; 0 at the first and across a gap */
};

struct tsk_breath_rate {
    float rate_bpm;   /* from the mean interval of the window; 0 until two intervals are known */
    float confidence; /* 0 to 1 */
    int32_t apnoea;   /* 1: no breath for longer than coef->apnoea, after one, without a gap */
};

void tsk_breath_reset(struct tsk_breath_state *state);

/* As tsk_beat_valid. */
int tsk_breath_valid(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state);

/* Any scale and offset. Returns the breaths decided; stops when out is full. */
size_t tsk_breath_process(const struct tsk_breath_coef *coef, struct tsk_breath_state *state,
                          const float *in, size_t n, size_t *used, struct tsk_breath *out, size_t room);

/* n samples that are missing, as so many NaN but in bounded time; at most one
 * breath, of the inner sample that was under way, goes to out. */
size_t tsk_breath_gap(const struct tsk_breath_coef *coef, struct tsk_breath_state *state, uint64_t n,
                      struct tsk_breath *out);

/* What is known now. */
void tsk_breath_read(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state,
                     struct tsk_breath_rate *out);

/* ---- body temperature ---- */

struct tsk_warmth_coef {
    float fast;         /* share of a new sample in the smoothed value, 30 s */
    float slow;         /* the same for the value that the slope is taken from, 120 s */
    float per_minute;   /* from their difference to degrees a minute */
    float least;        /* skin is between least and most degrees C */
    float most;
    float fall;         /* a faster fall, degrees a minute, is a sensor that came off */
    int32_t settle;     /* good samples in range before contact is believed */
    int32_t hold;       /* bad samples in a row before it is given up */
};

struct tsk_warmth_state {
    float recent[3];
    float fast;
    float slow;
    int32_t count;   /* good samples, until 3 */
    int32_t inside;  /* in range without a fall, in a row, until settle */
    int32_t missing; /* bad samples in a row, until hold + 1 */
};

struct tsk_warmth {
    float celsius; /* NaN before the first good sample and when hold is over */
    float slope;   /* degrees C a minute */
    int32_t contact;
};

void tsk_warmth_reset(struct tsk_warmth_state *state);

void tsk_warmth_process(const struct tsk_warmth_coef *coef, struct tsk_warmth_state *state,
                        const float *in, size_t n, struct tsk_warmth *out);

/* ---- heart rate ---- */

enum tsk_rate_size { TSK_RATE_BEATS = 32 };

struct tsk_rate_state {
    float rr[32];         /* intervals, ms; 0 where there is none */
    float confidence[32]; /* of the beat that ends it, 0 to 1 */
    uint32_t beats;       /* so far; wraps */
};

struct tsk_rate {
    float bpm;         /* 60000 / median of the latest 8 intervals; 0 when unknown */
    float mean_square; /* of successive differences of the latest 32, ms^2; -1 when unknown */
    float quality;     /* 0 to 1 */
    int32_t irregular;
};

void tsk_rate_reset(struct tsk_rate_state *state);

/* One beat: interval since the one before in ms, 0 when unknown, and its confidence. */
void tsk_rate_beat(struct tsk_rate_state *state, float rr_ms, float confidence);

void tsk_rate_read(const struct tsk_rate_state *state, struct tsk_rate *out);

/* ---- many hubs, one after the other ----
 *
 * Rows hold one sample of each of `hubs` hubs, side by side; state has one entry a hub. */

struct tsk_hub_breath {
    int64_t hub;
    struct tsk_breath breath;
};

/* Returns the breaths decided, in *used the rows taken; room must be at least 64 * hubs. */
size_t tsk_breath_process_many(const struct tsk_breath_coef *coef, struct tsk_breath_state *state,
                               size_t hubs, const float *in, size_t n, size_t *used,
                               struct tsk_hub_breath *out, size_t room);

void tsk_breath_read_many(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state,
                          size_t hubs, struct tsk_breath_rate *out);

void tsk_warmth_process_many(const struct tsk_warmth_coef *coef, struct tsk_warmth_state *state,
                             size_t hubs, const float *in, size_t n, struct tsk_warmth *out);

/* n beats, each of the hub that `hub` names; then a reading of every hub. */
void tsk_rate_process_many(struct tsk_rate_state *state, size_t hubs, const int64_t *hub, const float *rr_ms,
                           const float *confidence, size_t n, struct tsk_rate *out);

#endif
