/* The body of filter_side.c for one kind of vector.
 *
 * Four vectors side by side keep the units busy while each waits for its own
 * feedback, and their delays stay in registers over all rows. */

#define STEP(k)                           \
    do {                                  \
        VECTOR x = ((const VECTOR *)in)[k]; \
        VECTOR y = b0 * x + p##k;         \
        ((VECTOR *)out)[k] = y;           \
        p##k = (b1 * x + q##k) - a1 * y;  \
        q##k = b2 * x - a2 * y;           \
    } while (0)

TARGET static void SECTION(const float *c, float *d1, float *d2, const float *in, size_t in_step,
                           float *out, size_t out_step, size_t rows)
{
    const VECTOR none = {0};
    const VECTOR b0 = none + c[0], b1 = none + c[1], b2 = none + c[2], a1 = none + c[3], a2 = none + c[4];
    VECTOR *p = (VECTOR *)d1, *q = (VECTOR *)d2;
    VECTOR p0 = p[0], p1 = p[1], p2 = p[2], p3 = p[3];
    VECTOR q0 = q[0], q1 = q[1], q2 = q[2], q3 = q[3];
    for (size_t i = 0; i < rows; i++, in += in_step, out += out_step) {
        STEP(0);
        STEP(1);
        STEP(2);
        STEP(3);
    }
    p[0] = p0, p[1] = p1, p[2] = p2, p[3] = p3;
    q[0] = q0, q[1] = q1, q[2] = q2, q[3] = q3;
}

#undef STEP
