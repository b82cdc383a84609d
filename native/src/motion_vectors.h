/* Vectors of lanes, where the compiler has them and the processor gains by them. */
#ifndef TASUKI_MOTION_VECTORS_H
#define TASUKI_MOTION_VECTORS_H

#include <stdint.h>

#ifndef TSK_HAS_VECTORS
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__))
#define TSK_HAS_VECTORS 1
#else
#define TSK_HAS_VECTORS 0
#endif
#endif

#ifndef TSK_HAS_AVX2
#if defined(__GNUC__) && defined(__x86_64__)
#define TSK_HAS_AVX2 1
#else
#define TSK_HAS_AVX2 0
#endif
#endif

#if TSK_HAS_VECTORS
typedef float tsk_four __attribute__((vector_size(16)));
typedef int32_t tsk_four_words __attribute__((vector_size(16)));
#endif

#if TSK_HAS_AVX2
typedef float tsk_eight __attribute__((vector_size(32)));
typedef int32_t tsk_eight_words __attribute__((vector_size(32)));
#endif

#endif
