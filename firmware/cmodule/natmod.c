/* `import _tasuki` from a native .mpy: all sources as one program, so that the
 * compiler leaves out what of libsodium is not used (the linker of .mpy files
 * cannot). */

#include "functions.h"

#define KEPT __attribute__((used, externally_visible))

/* What the compiler calls by itself; firmware does not lend it its C library. */

KEPT void *memcpy(void *dst, const void *src, size_t n)
{
    return mp_fun_table.memmove_(dst, src, n);
}

KEPT void *memmove(void *dst, const void *src, size_t n)
{
    return mp_fun_table.memmove_(dst, src, n);
}

KEPT void *memset(void *dst, int byte, size_t n)
{
    return mp_fun_table.memset_(dst, byte, n);
}

#include "buffers.c"
#include "cobs.c"
#include "emitting.c"
#include "framing.c"
#include "hashing.c"
#include "records.c"
#include "rings.c"
#include "sealing.c"
#include "signing.c"

KEPT mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args)
{
    (void)n_args, (void)n_kw, (void)args;
    MP_DYNRUNTIME_INIT_ENTRY
#define STORE(name, object) mp_store_global(name, MP_OBJ_FROM_PTR(&object));
    TASUKI_FUNCTIONS(STORE)
    MP_DYNRUNTIME_INIT_EXIT
}

#include "core.c"

/* libsodium declares two zeros that the compiler must not see through, as static
 * variables, which a .mpy cannot have. Under these names its declarations become
 * those of two functions, and its uses calls of them. */

KEPT volatile uint8_t tasuki_zero_u8;
KEPT volatile uint16_t tasuki_zero_u16;

static volatile uint8_t *zero_u8(void)
{
    return &tasuki_zero_u8;
}

static volatile uint16_t *zero_u16(void)
{
    return &tasuki_zero_u16;
}

#define optblocker_u8 (*zero_u8())
#define optblocker_u16 (*zero_u16())

#include "sodium.c"
#include "sodium_box.c"
