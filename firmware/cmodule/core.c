/* SHA-256, the trees and the packing of native/src, as a board sees them: without vectors and
 * SHA instructions, also where the module is built for a computer to be tested. */

#include "../../native/include/tasuki_hash.h"

#include <string.h>

#undef __SSE2__
#undef __x86_64__
#undef __i386__

#include "../../native/src/pack.c"
#include "../../native/src/sha256.c"
#include "../../native/src/sha256_four.c"
#include "../../native/src/sha256_ni.c"
#include "../../native/src/tree.c"
