/* Filters of many hubs whose work is too little or too uneven for lanes: hub by hub. */
#include "filter_bad.h"
#include "tasuki_filters.h"

enum { PIECE = 64 }; /* rows; their share of one hub is gathered before it is filtered */

static void gather(const float *in, size_t hubs, size_t n, float *column)
{
    for (size_t i = 0; i < n; i++) {
        column[i] = in[i * hubs];
    }
}

size_t tsk_breath_process_many(const struct tsk_breath_coef *coef, struct tsk_breath_state *state,
                               size_t hubs, const float *in, size_t n, size_t *used,
                               struct tsk_hub_breath *out, size_t room)
{
    float column[PIECE];
    struct tsk_breath found[PIECE];
    size_t breaths = 0;
    size_t done = 0;
    while (done < n) {
        size_t rows = n - done < PIECE ? n - done : PIECE;
        if (room - breaths < hubs * rows) {
            break;
        }
        for (size_t k = 0; k < hubs; k++) {
            size_t taken;
            gather(in + done * hubs + k, hubs, rows, column);
            size_t count = tsk_breath_process(coef, &state[k], column, rows, &taken, found, PIECE);
            for (size_t i = 0; i < count; i++, breaths++) {
                out[breaths].hub = (int64_t)k;
                out[breaths].breath = found[i];
            }
        }
        done += rows;
    }
    *used = done;
    return breaths;
}

void tsk_breath_read_many(const struct tsk_breath_coef *coef, const struct tsk_breath_state *state,
                          size_t hubs, struct tsk_breath_rate *out)
{
    for (size_t k = 0; k < hubs; k++) {
        tsk_breath_read(coef, &state[k], &out[k]);
    }
}

void tsk_warmth_process_many(const struct tsk_warmth_coef *coef, struct tsk_warmth_state *state,
                             size_t hubs, const float *in, size_t n, struct tsk_warmth *out)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < hubs; k++) {
            tsk_warmth_process(coef, &state[k], &in[i * hubs + k], 1, &out[i * hubs + k]);
        }
    }
}

void tsk_rate_process_many(struct tsk_rate_state *state, size_t hubs, const int64_t *hub, const float *rr_ms,
                           const float *confidence, size_t n, struct tsk_rate *out)
{
    for (size_t i = 0; i < n; i++) {
        if (hub[i] >= 0 && (uint64_t)hub[i] < hubs) {
            tsk_rate_beat(&state[hub[i]], rr_ms[i], confidence[i]);
        }
    }
    for (size_t k = 0; k < hubs; k++) {
        tsk_rate_read(&state[k], &out[k]);
    }
}
