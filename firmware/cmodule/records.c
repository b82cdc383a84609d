#include "records.h"

#include "../../native/include/tasuki_pack.h"

/* pack_into(dst, at, src, start, n, columns) -> bytes written, or 0
 *
 * The n records of `columns` i16 at src[start:] to dst[at:], where their raw size
 * must fit; 0 when packing would not make them shorter. IndexError for a place
 * outside of a buffer and for more than a frame takes. */
static mp_obj_t pack_into(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    mp_buffer_info_t to = writable(args[0]);
    size_t at = within(args[1], to.len);
    mp_buffer_info_t from = readable(args[2]);
    size_t start = within(args[3], from.len);
    size_t n = within(args[4], TSK_MAX_PAYLOAD);
    size_t columns = within(args[5], TSK_MAX_PAYLOAD);
    size_t size = 2 * n * columns;
    if (!columns || size > TSK_MAX_PAYLOAD || size > to.len - at || size > from.len - start) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("buffer"));
    }
    size_t packed = tsk_pack((const uint8_t *)from.buf + start, n, columns, (uint8_t *)to.buf + at);
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)packed);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_pack_into_obj, 6, 6, pack_into);
