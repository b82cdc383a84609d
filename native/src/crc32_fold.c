/* CRC-32 by folding (Gopal et al., "Fast CRC computation for generic polynomials
 * using PCLMULQDQ", Intel 2009). The CRC is the remainder of the message as a
 * polynomial over GF(2), bits reflected. Each step multiplies the 128 bits so far
 * by x^128 modulo P and adds the next 16 bytes; the last step brings 128 bits down
 * to 32. The multipliers are x^n mod P, reflected and shifted by one. */

#include "crc32.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <cpuid.h>
#include <immintrin.h>

#define FOLD_TARGET __attribute__((target("pclmul,sse4.1")))
#define LEAF1_ECX_PCLMUL (1u << 1)
#define LEAF1_ECX_SSE41 (1u << 19)

#define X_160 0x1751997d0 /* x^(128 + 32): the low half over 16 bytes */
#define X_96 0x0ccaa009e  /* x^(128 - 32): the high half */
#define X_64 0x163cd6124  /* x^64, from 96 bits to 64 */
#define P 0x1db710641     /* the polynomial itself */
#define MU 0x1f7011641    /* floor(x^64 / P), for Barrett's reduction */

int tsk_crc_can_fold(void)
{
    unsigned eax, ebx, ecx, edx;
    const unsigned needed = LEAF1_ECX_PCLMUL | LEAF1_ECX_SSE41;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & needed) == needed;
}

FOLD_TARGET uint32_t tsk_crc_fold(uint32_t crc, const uint8_t *data, size_t count)
{
    const __m128i over = _mm_set_epi64x(X_96, X_160);
    const __m128i low32 = _mm_set_epi32(0, 0, 0, -1);
    const __m128i reduce = _mm_set_epi64x(MU, P);
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)data);
    x = _mm_xor_si128(x, _mm_cvtsi32_si128((int)crc));
    while (--count) {
        data += TSK_FOLD;
        __m128i low = _mm_clmulepi64_si128(x, over, 0x00);
        __m128i high = _mm_clmulepi64_si128(x, over, 0x11);
        x = _mm_xor_si128(_mm_xor_si128(low, high), _mm_loadu_si128((const __m128i *)(const void *)data));
    }
    /* 128 bits to 96, to 64, then Barrett to 32. */
    x = _mm_xor_si128(_mm_clmulepi64_si128(over, x, 0x01), _mm_srli_si128(x, 8));
    x = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(x, low32), _mm_set_epi64x(0, X_64), 0x00),
                      _mm_srli_si128(x, 4));
    __m128i quotient = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(x, low32), reduce, 0x10), low32);
    __m128i rest = _mm_xor_si128(_mm_clmulepi64_si128(quotient, reduce, 0x00), x);
    return (uint32_t)_mm_extract_epi32(rest, 1);
}

#else

int tsk_crc_can_fold(void)
{
    return 0;
}

uint32_t tsk_crc_fold(uint32_t crc, const uint8_t *data, size_t count)
{
    (void)data;
    (void)count;
    return crc;
}

#endif
