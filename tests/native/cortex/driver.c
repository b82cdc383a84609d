/* Runs one filter over recorded samples on the emulated processor.
 *
 * job.bin: eight words (filter, bytes of coefficients, bytes of state, samples,
 * bytes of a sample, bytes of a result, samples in a piece, 0), then coefficients,
 * state and samples as the host has them. result.bin: clock ticks and bytes of
 * results, both as words, then results and state. */
#include "board.h"
#include "job.h"

static uint64_t coef[1024];  /* 8 KiB each, aligned for any struct */
static uint64_t state[1024];
static uint64_t in[1 << 17]; /* 1 MiB */
static uint64_t out[1 << 17];

int main(void)
{
    struct job job;
    int file = board_open("job.bin", 0);
    board_read(file, &job, sizeof job);
    if (job.filter >= FILTERS || job.coef > sizeof coef || job.state > sizeof state
        || job.samples * job.sample > sizeof in) {
        return 1;
    }
    board_read(file, coef, job.coef);
    board_read(file, state, job.state);
    board_read(file, in, job.samples * job.sample);

    uint32_t results = 0;
    board_clock_start();
    for (uint32_t done = 0; done < job.samples;) {
        uint32_t left = job.samples - done;
        uint32_t n = left < job.piece ? left : job.piece;
        const char *from = (const char *)in + done * job.sample;
        results += filters[job.filter](coef, state, from, n, (char *)out + results * job.result);
        done += n;
    }
    const uint32_t head[2] = {board_clock(), results * job.result};

    file = board_open("result.bin", 1);
    board_write(file, head, sizeof head);
    board_write(file, out, head[1]);
    board_write(file, state, job.state);
    return 0;
}
