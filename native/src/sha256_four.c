/* Four SHA-256 messages at once, each in one lane of plain vector code.
 *
 * For processors without SHA instructions: SSE2, which every x86-64 has, or
 * NEON, through the compiler's vector types. Elsewhere one after the other. */

#include "sha256.h"

#include "bytes.h"

#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON))

typedef uint32_t four __attribute__((vector_size(16)));

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

static inline uint32_t load_big(const uint8_t *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

/* Four words of each lane's block, turned so that a lane's words become columns. */
static inline void load_lanes(four w[16], const uint8_t *const blocks[4], size_t at)
{
    for (size_t t = 0; t < 16; t++) {
        size_t from = at + 4 * t;
        w[t] = (four){load_big(blocks[0] + from), load_big(blocks[1] + from), load_big(blocks[2] + from),
                      load_big(blocks[3] + from)};
    }
}

static inline void one_round(four a, four b, four c, four *d, four e, four f, four g, four *h, four kw)
{
    four t1 = *h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + ((e & (f ^ g)) ^ g) + kw;
    four t2 = (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & b) | (c & (a | b)));
    *d += t1;
    *h = t1 + t2;
}

static inline void next_word(four w[16], unsigned t)
{
    four before = w[(t + 1) & 15];
    four late = w[(t + 14) & 15];
    w[t] += (ROTATE(before, 7) ^ ROTATE(before, 18) ^ before >> 3) + w[(t + 9) & 15]
        + (ROTATE(late, 17) ^ ROTATE(late, 19) ^ late >> 10);
}

static inline four with_k(const uint32_t *k, four w)
{
    return w + (four){*k, *k, *k, *k};
}

static void compress_block(four state[8], four w[16])
{
    four a = state[0], b = state[1], c = state[2], d = state[3];
    four e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned r = 0; r < 64; r += 16) {
        const uint32_t *k = tsk_sha256_k + r;
        for (unsigned t = 0; t < 16; t += 8) {
            one_round(a, b, c, &d, e, f, g, &h, with_k(k + t, w[t]));
            one_round(h, a, b, &c, d, e, f, &g, with_k(k + t + 1, w[t + 1]));
            one_round(g, h, a, &b, c, d, e, &f, with_k(k + t + 2, w[t + 2]));
            one_round(f, g, h, &a, b, c, d, &e, with_k(k + t + 3, w[t + 3]));
            one_round(e, f, g, &h, a, b, c, &d, with_k(k + t + 4, w[t + 4]));
            one_round(d, e, f, &g, h, a, b, &c, with_k(k + t + 5, w[t + 5]));
            one_round(c, d, e, &f, g, h, a, &b, with_k(k + t + 6, w[t + 6]));
            one_round(b, c, d, &e, f, g, h, &a, with_k(k + t + 7, w[t + 7]));
        }
        for (unsigned t = 0; r < 48 && t < 16; t++) {
            next_word(w, t);
        }
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void tsk_compress_four(uint32_t states[4][8], const uint8_t *const blocks[4], size_t count)
{
    four state[8];
    four w[16];
    for (size_t i = 0; i < 8; i++) {
        state[i] = (four){states[0][i], states[1][i], states[2][i], states[3][i]};
    }
    for (size_t block = 0; block < count; block++) {
        load_lanes(w, blocks, 64 * block);
        compress_block(state, w);
    }
    for (size_t i = 0; i < 8; i++) {
        for (size_t lane = 0; lane < 4; lane++) {
            states[lane][i] = state[i][lane];
        }
    }
}

#else

void tsk_compress_four(uint32_t states[4][8], const uint8_t *const blocks[4], size_t count)
{
    for (size_t lane = 0; lane < 4; lane++) {
        tsk_compress_portable(states[lane], blocks[lane], count);
    }
}

#endif
