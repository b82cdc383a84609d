/* Motion: orientation, posture, activity, falls.
 *
 * As in tasuki_filters.h: freestanding, the caller's memory, any split of an input
 * gives the same bits. The `many` forms hold TSK_LANES hubs side by side and give
 * each of them the bits of the single form. */
#ifndef TASUKI_MOTION_H
#define TASUKI_MOTION_H

#include <stddef.h>
#include <stdint.h>

enum tsk_motion_size {
    TSK_LANES = 16,       /* hubs side by side */
    TSK_ORIENT_ROWS = 114, /* floats of state, named in motion_orient.h */
    TSK_ACTIVITY_ROWS = 20,
    TSK_ACTIVITY_OUT = 3, /* rows of output: activity, steps so far, steps a minute */
    TSK_POSTURE_ROWS = 4,
    TSK_POSTURE_IN = 5,   /* rows of input: w x y z, activity */
    TSK_POSTURE_OUT = 2,  /* rows of output: posture, cosine of the trunk's tilt */
    TSK_ORIENT_OUT = 9    /* rows of output: w x y z, bias x y z, rest, quality */
};

enum tsk_orient_quality {
    TSK_ORIENT_BAD = 1,       /* a bad gyroscope or accelerometer sample: the last answer is repeated */
    TSK_ORIENT_SATURATED = 2, /* a sensor is at its limit */
    TSK_ORIENT_SETTLING = 4,  /* inclination or heading still comes from few samples */
    TSK_ORIENT_FIELD = 8,     /* the magnetic field is not the known one, heading is not corrected, or slowly */
    TSK_ORIENT_NO_MAG = 16    /* a bad magnetometer sample: heading goes on without */
};

/* ---- orientation ---- */

struct tsk_orient_coef {
    int32_t magnetometer; /* 1: heading is corrected */
    float dt;             /* s */
    float gyro_full;      /* a value from here on is saturated, rad/s */
    float accel_full;     /* m/s2 */
    float gravity;        /* share of a new sample in each of three means of the acceleration */
    float gravity_count;  /* samples after the start that are averaged evenly instead */
    float still;          /* share of a new sample in each of two means that rest is judged from */
    float still_gyro;     /* squared deviation from it that is not rest, (rad/s)2 */
    float still_accel;    /* (m/s2)2 */
    float rest_after;     /* s */
    float bias_limit;     /* rad/s */
    float bias_start;     /* variance of the bias at the start, (rad/s)2 */
    float bias_drift;     /* what it grows by in a sample */
    float bias_moving;    /* variance of the bias as inclination shows it in movement */
    float bias_resting;   /* and as the gyroscope shows it at rest */
    float mag_lag;        /* the magnetometer's sample is older than the interval's end, samples */
    float heading;        /* share of the heading error that a sample corrects */
    float field;          /* share of a new sample in each of two means of the field */
    float field_follow;   /* and in the reference */
    float field_limit;    /* squared deviation of the field, relative, that is a disturbance */
    float field_moving;   /* squared half angle of a sample from which movement counts for a new reference */
    float field_first;    /* s of movement for the first reference */
    float field_new;      /* s of movement for a new one */
    float field_clean;    /* s within the limit before the field is believed again */
    float reject_for;     /* s at most without correction in a disturbed field */
    float reject_slow;    /* afterwards this many times slower; also how fast the time is refunded */
    float hold;           /* s of bad samples that are a gap */
};

struct tsk_orient_state {
    float row[114];
};

struct tsk_orient_lanes {
    float row[114][16];
};

void tsk_orient_reset(const struct tsk_orient_coef *coef, struct tsk_orient_state *state);

/* gyro rad/s, accel m/s2, mag in any unit, each n rows of x y z; mag may be NULL
 * where coef has no magnetometer. out: n rows of TSK_ORIENT_OUT. */
void tsk_orient_process(const struct tsk_orient_coef *coef, struct tsk_orient_state *state, const float *gyro,
                        const float *accel, const float *mag, size_t n, float *out);

/* n samples that are missing. */
void tsk_orient_gap(const struct tsk_orient_coef *coef, struct tsk_orient_state *state, uint64_t n);

/* The same for TSK_LANES hubs: inputs n times x[16] y[16] z[16], out n times TSK_ORIENT_OUT rows of 16. */
void tsk_orient_process_lanes(const struct tsk_orient_coef *coef, struct tsk_orient_lanes *state,
                              const float *gyro, const float *accel, const float *mag, size_t n, float *out);

/* ---- falls ---- */

enum tsk_fall_size {
    TSK_FALL_RING = 256,   /* inner samples kept: 4 s at 64 Hz */
    TSK_FALL_ROWS = 17,    /* floats of the conditioning, named in motion_fall.h */
    TSK_FALL_FEATURES = 7
};

/* Windows are in inner samples from the impact, first and one past the last. */
struct tsk_fall_coef {
    int32_t decimate;      /* inputs averaged into one inner sample */
    int32_t least_peak;    /* smallest impact, 1/64 m/s2 */
    int32_t after;         /* inner samples from an impact to its decision */
    int32_t restart;       /* bad inner samples in a row after which gravity is found anew */
    int32_t window[5][2];  /* stillness, activity after, activity before, jerk before, jerk after */
    int32_t repeats[2];    /* where other impacts are counted */
    float gravity;         /* share of a new sample in gravity */
    float gravity_step;    /* largest deviation that it follows, m/s2 */
    float jerk;            /* differences of samples are multiplied by it: as at 50 Hz */
    float weight[7];       /* of the features, in bits of log odds */
    float offset;
    float least;           /* confidence below which nothing is reported */
};

struct tsk_fall_front {
    float row[17];
};

struct tsk_fall_front_lanes {
    float row[17][16];
};

struct tsk_fall_judge {
    int64_t now;           /* inner samples so far, gaps included */
    int64_t impact_at;     /* the largest that waits for its decision, -1 when there is none */
    int32_t impact;        /* its size, 1/64 m/s2 */
    int32_t reserved;
    uint16_t moved[256];   /* acceleration without gravity, 1/64 m/s2; 65535: bad */
    uint16_t jerk[256];    /* change of the acceleration; 65535: bad */
};

struct tsk_fall_state {
    struct tsk_fall_front front;
    int32_t phase;         /* inputs in an unfinished inner sample */
    struct tsk_fall_judge judge;
};

struct tsk_fall_lanes {
    struct tsk_fall_front_lanes front;
    int32_t phase;
    int32_t reserved;
    struct tsk_fall_judge judge[16];
};

struct tsk_fall {
    int64_t sample;        /* of the impact, since the start, gaps included */
    int32_t lane;
    float confidence;      /* 0 to 1 */
    float impact;          /* m/s2 without gravity */
    float quality;         /* share of good samples around it, 0 to 1 */
    float feature[7];      /* what the decision rests on, named in falls.py */
    float reserved;
};

void tsk_fall_reset(struct tsk_fall_state *state);

/* accel: n rows of x y z, m/s2, with gravity or without. out has room for
 * n / decimate / after + 1 falls; returns how many there are. */
size_t tsk_fall_process(const struct tsk_fall_coef *coef, struct tsk_fall_state *state, const float *accel,
                        size_t n, struct tsk_fall *out);

/* n samples that are missing, as so many bad ones but in bounded time; room for 2 falls. */
size_t tsk_fall_gap(const struct tsk_fall_coef *coef, struct tsk_fall_state *state, uint64_t n,
                    struct tsk_fall *out);

void tsk_fall_reset_lanes(struct tsk_fall_lanes *state);

/* Room for 2 * TSK_LANES falls. */
size_t tsk_fall_gap_lanes(const struct tsk_fall_coef *coef, struct tsk_fall_lanes *state, uint64_t n,
                          struct tsk_fall *out);

/* TSK_LANES hubs: n times x[16] y[16] z[16]; room for TSK_LANES times as many. */
size_t tsk_fall_process_lanes(const struct tsk_fall_coef *coef, struct tsk_fall_lanes *state, const float *accel,
                              size_t n, struct tsk_fall *out);

/* ---- activity ---- */

enum tsk_activity {
    TSK_ACTIVITY_UNKNOWN = 0,
    TSK_ACTIVITY_STILL = 1,
    TSK_ACTIVITY_MOVING = 2, /* without steps */
    TSK_ACTIVITY_WALKING = 3,
    TSK_ACTIVITY_RUNNING = 4
};

struct tsk_activity_coef {
    int32_t decimate;   /* inputs averaged into one inner sample */
    float dt;           /* s, of an inner sample */
    float level;        /* share of a new sample in the mean acceleration */
    float smooth;       /* share in each of two means that take the noise off */
    float power;        /* share in the mean square */
    float still;        /* mean square below which nothing moves, (m/s2)2 */
    float strong;       /* mean square from which steps may be running */
    float turn;         /* least swing of a step, m/s2 */
    float turn_part;    /* and as a share of the usual one */
    float fastest;      /* s between steps at least */
    float slowest;      /* s at most */
    float even;         /* largest change from step to step, as a share */
    float needed;       /* steps in a row before they count */
    float running;      /* s between steps of running at most */
    float hold;         /* s of bad samples after which nothing is known */
};

struct tsk_activity_state {
    float row[20];
    int32_t phase;      /* inputs in an unfinished inner sample */
};

struct tsk_activity_lanes {
    float row[20][16];
    int32_t phase;
};

void tsk_activity_reset(struct tsk_activity_state *state);

/* accel: n rows of x y z with gravity, m/s2; out: n rows of TSK_ACTIVITY_OUT. */
void tsk_activity_process(const struct tsk_activity_coef *coef, struct tsk_activity_state *state,
                          const float *accel, size_t n, float *out);

void tsk_activity_process_lanes(const struct tsk_activity_coef *coef, struct tsk_activity_lanes *state,
                                const float *accel, size_t n, float *out);

/* ---- posture ---- */

enum tsk_posture {
    TSK_POSTURE_UNKNOWN = 0,
    TSK_POSTURE_LYING = 1,
    TSK_POSTURE_SITTING = 2,  /* leaning back */
    TSK_POSTURE_STANDING = 3, /* upright since steps were seen */
    TSK_POSTURE_UPRIGHT = 4   /* sitting or standing */
};

struct tsk_posture_coef {
    float up[3];         /* towards the head, in the sensor's axes */
    float front[3];      /* out of the chest */
    float lie_down;      /* cosine of the tilt beyond which the wearer lies */
    float get_up;        /* and of the one below which he no longer does */
    float erect;         /* the same for upright */
    float lean;
    float hold;          /* bad samples in a row after which the past is forgotten */
};

struct tsk_posture_state {
    float row[4];
};

struct tsk_posture_lanes {
    float row[4][16];
};

void tsk_posture_reset(struct tsk_posture_state *state);

/* in: n rows of TSK_POSTURE_IN; out: n rows of TSK_POSTURE_OUT. */
void tsk_posture_process(const struct tsk_posture_coef *coef, struct tsk_posture_state *state, const float *in,
                         size_t n, float *out);

void tsk_posture_process_lanes(const struct tsk_posture_coef *coef, struct tsk_posture_lanes *state,
                               const float *in, size_t n, float *out);

#endif
