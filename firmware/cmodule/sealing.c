/* Results and refusals are those of PyNaCl's SealedBox. */

#include "sealing.h"

#include "sodium_box.h"

/* sealed_box_into(buf, n, public, secret) -> n + 48
 *
 * The message is buf[48 : 48 + n]; the box takes its place from buf[0] on, so
 * that no second buffer is needed. secret is 32 bytes of entropy, drawn for this
 * box alone. */
static mp_obj_t sealed_box_into(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    mp_buffer_info_t buffer = writable(args[0]);
    size_t n = within(args[1], buffer.len);
    if (buffer.len < n + TASUKI_BOX_EXTRA) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("buffer"));
    }
    if (tasuki_seal(buffer.buf, n, exactly(args[2], TASUKI_BOX_KEY), exactly(args[3], TASUKI_BOX_KEY)) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("key"));
    }
    return MP_OBJ_NEW_SMALL_INT(n + TASUKI_BOX_EXTRA);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_sealed_box_into_obj, 4, 4, sealed_box_into);
