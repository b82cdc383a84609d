/* SHA-256 with the x86 SHA extensions (Gulley et al., Intel 2013).
 *
 * One hash leaves the units idle for most of a round's latency, so two
 * independent messages interleaved take little longer than one. */

#include "sha256.h"

#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)

#include <cpuid.h>
#include <immintrin.h>

#define SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))
#define LEAF7_EBX_SHA (1u << 29)
#define LEAF1_ECX_SSSE3 (1u << 9)
#define LEAF1_ECX_SSE41 (1u << 19)

int tsk_sha_best(void)
{
    unsigned eax, ebx, ecx, edx;
    const unsigned needed = LEAF1_ECX_SSSE3 | LEAF1_ECX_SSE41;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & needed) != needed) {
        return TSK_SHA_PORTABLE;
    }
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(ebx & LEAF7_EBX_SHA)) {
        return TSK_SHA_PORTABLE;
    }
    return TSK_SHA_NI;
}

/* The instructions want the state as ABEF and CDGH. */
struct lane {
    __m128i abef;
    __m128i cdgh;
    __m128i w[4]; /* the last 16 words of the schedule */
};

SHA_TARGET static inline __m128i load_words(const uint8_t *p)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), swap);
}

SHA_TARGET static inline void four_rounds(struct lane *lane, int i)
{
    const __m128i k = _mm_loadu_si128((const __m128i *)(const void *)&tsk_sha256_k[4 * i]);
    __m128i wk = _mm_add_epi32(lane->w[i & 3], k);
    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, wk);
    wk = _mm_shuffle_epi32(wk, 0x0e);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, wk);
    if (i >= 3 && i < 15) {
        __m128i seventh = _mm_alignr_epi8(lane->w[i & 3], lane->w[(i + 3) & 3], 4);
        __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(lane->w[(i + 1) & 3], lane->w[(i + 2) & 3]), seventh);
        lane->w[(i + 1) & 3] = _mm_sha256msg2_epu32(sum, lane->w[i & 3]);
    }
}

SHA_TARGET static inline void open_lane(struct lane *lane, const uint32_t state[8])
{
    __m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state);
    __m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
    __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    lane->abef = _mm_alignr_epi8(cdab, efgh, 8);
    lane->cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

SHA_TARGET static inline void close_lane(const struct lane *lane, uint32_t state[8])
{
    __m128i feba = _mm_shuffle_epi32(lane->abef, 0x1b);
    __m128i dchg = _mm_shuffle_epi32(lane->cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

SHA_TARGET static inline void load_block(struct lane *lane, const uint8_t *block)
{
    for (int i = 0; i < 4; i++) {
        lane->w[i] = load_words(block + 16 * i);
    }
}

SHA_TARGET void tsk_compress_ni(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    struct lane lane;
    open_lane(&lane, state);
    for (; count; count--, blocks += 64) {
        const __m128i abef = lane.abef;
        const __m128i cdgh = lane.cdgh;
        load_block(&lane, blocks);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            four_rounds(&lane, i);
        }
        lane.abef = _mm_add_epi32(lane.abef, abef);
        lane.cdgh = _mm_add_epi32(lane.cdgh, cdgh);
    }
    close_lane(&lane, state);
}

SHA_TARGET void tsk_compress_ni_two(uint32_t a[8], uint32_t b[8], const uint8_t *of_a, const uint8_t *of_b,
                                    size_t count)
{
    struct lane one, two;
    open_lane(&one, a);
    open_lane(&two, b);
    for (; count; count--, of_a += 64, of_b += 64) {
        const __m128i abef[2] = {one.abef, two.abef};
        const __m128i cdgh[2] = {one.cdgh, two.cdgh};
        load_block(&one, of_a);
        load_block(&two, of_b);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            four_rounds(&one, i);
            four_rounds(&two, i);
        }
        one.abef = _mm_add_epi32(one.abef, abef[0]);
        one.cdgh = _mm_add_epi32(one.cdgh, cdgh[0]);
        two.abef = _mm_add_epi32(two.abef, abef[1]);
        two.cdgh = _mm_add_epi32(two.cdgh, cdgh[1]);
    }
    close_lane(&one, a);
    close_lane(&two, b);
}

#else

int tsk_sha_best(void)
{
    return TSK_SHA_PORTABLE;
}

void tsk_compress_ni(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    tsk_compress_portable(state, blocks, count);
}

void tsk_compress_ni_two(uint32_t a[8], uint32_t b[8], const uint8_t *of_a, const uint8_t *of_b, size_t count)
{
    tsk_compress_portable(a, of_a, count);
    tsk_compress_portable(b, of_b, count);
}

#endif
