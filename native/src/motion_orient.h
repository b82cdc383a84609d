/* Rows of the orientation filter's state. */
#ifndef TASUKI_MOTION_ORIENT_H
#define TASUKI_MOTION_ORIENT_H

#include "tasuki_motion.h"

enum orient_row {
    ROW_TURN = 0,      /* w x y z: the gyroscope alone, from the sensor to its own fixed frame */
    ROW_TILT = 4,      /* w x y z: from there to a level frame */
    ROW_NORTH = 8,     /* cosine and sine of half the angle from there to east-north-up */
    ROW_BIAS = 10,     /* x y z, rad/s */
    ROW_COVARIANCE = 13, /* of the bias: xx xy xz yy yz zz */
    ROW_STILL = 19,    /* two means, one after the other, of gyroscope, 0, accelerometer, 0 */
    ROW_SLOW = 35,     /* three means of: acceleration, rotation matrix and bias in the fixed frame, 0 */
    ROW_LEVEL = 83,    /* matrix of ROW_TILT */
    ROW_REST_TIME = 92,
    ROW_COUNT = 93,    /* samples since the start, up to gravity_count */
    ROW_MISSING = 94,  /* s of bad samples in a row, up to about twice hold */
    ROW_FIELD = 95,    /* two means of: horizontal and vertical field */
    ROW_KNOWN = 99,    /* reference field: horizontal, vertical; 0 while there is none */
    ROW_OTHER = 101,   /* the field that may become it */
    ROW_OTHER_TIME = 103,
    ROW_CLEAN_TIME = 104,
    ROW_REJECTED = 105, /* s of correction left out, refunded later */
    ROW_HASTE = 106,   /* share of the heading error corrected soon after the start; 0 later */
    ROW_DISTURBED = 107,
    ROW_FIELD_SEEN = 108,
    ROW_REST = 109,
    ROW_ANSWER = 110   /* w x y z as last given out */
};

enum { SLOW = 16 };

#endif
