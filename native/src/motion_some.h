/* The width that every processor of a kind has: four hubs in a vector, or one. */
#include "motion_vectors.h"

#if TSK_HAS_VECTORS

#define V tsk_four
#define M tsk_four_words
#define TARGET
#define FN(name) four_##name
#include "motion_vector.h"

enum { WIDTH = 4 };

#else

#include "motion_one.h"

enum { WIDTH = 1 };

#endif
