/* SHA-256 of FIPS 180-4 in plain C99. */

#include "sha256.h"

const uint32_t tsk_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static inline uint32_t load_big(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint32_t small_sigma0(uint32_t x)
{
    return rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
}

static inline uint32_t small_sigma1(uint32_t x)
{
    return rotate(x, 17) ^ rotate(x, 19) ^ x >> 10;
}

/* One round; the caller renames the variables instead of moving them. bc is b ^ c
 * before and a ^ b after, which is the next round's b ^ c. */
static inline void one_round(uint32_t a, uint32_t b, uint32_t *bc, uint32_t *d, uint32_t e, uint32_t f, uint32_t g,
                             uint32_t *h, uint32_t kw)
{
    uint32_t ab = a ^ b;
    uint32_t t1 = *h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & (f ^ g)) ^ g) + kw;
    *d += t1;
    *h = t1 + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((ab & *bc) ^ b);
    *bc = ab;
}

/* The next of the 16 words that the schedule keeps; t counts from 0 to 15. */
static inline uint32_t next_word(uint32_t w[16], unsigned t)
{
    w[t] += small_sigma0(w[(t + 1) & 15]) + w[(t + 9) & 15] + small_sigma1(w[(t + 14) & 15]);
    return w[t];
}

/* Eight rounds from t on; WORD(t) is the schedule's word. All places in w are constants,
 * so that no instruction computes one. */
#define EIGHT(t, WORD) \
    one_round(a, b, &bc, &d, e, f, g, &h, k[t] + WORD(t)); \
    one_round(h, a, &bc, &c, d, e, f, &g, k[t + 1] + WORD(t + 1)); \
    one_round(g, h, &bc, &b, c, d, e, &f, k[t + 2] + WORD(t + 2)); \
    one_round(f, g, &bc, &a, b, c, d, &e, k[t + 3] + WORD(t + 3)); \
    one_round(e, f, &bc, &h, a, b, c, &d, k[t + 4] + WORD(t + 4)); \
    one_round(d, e, &bc, &g, h, a, b, &c, k[t + 5] + WORD(t + 5)); \
    one_round(c, d, &bc, &f, g, h, a, &b, k[t + 6] + WORD(t + 6)); \
    one_round(b, c, &bc, &e, f, g, h, &a, k[t + 7] + WORD(t + 7))
#define FIRST(t) (w[t] = load_big(block + 4 * (t)))
#define NEXT(t) next_word(w, t)

static void compress_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    uint32_t bc = b ^ c;
    uint32_t w[16];
    const uint32_t *k = tsk_sha256_k;
    EIGHT(0, FIRST);
    EIGHT(8, FIRST);
    for (k += 16; k < tsk_sha256_k + 64; k += 16) {
        EIGHT(0, NEXT);
        EIGHT(8, NEXT);
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

void tsk_compress_portable(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    for (; count; count--, blocks += 64) {
        compress_block(state, blocks);
    }
}
