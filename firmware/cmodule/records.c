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

static inline int32_t i16_at(const uint8_t *at)
{
    return (int16_t)(uint16_t)(at[0] | at[1] << 8);
}

/* One column of n records: (value - offset) * gain / 16384, rounded half away from zero, held at the limits. */
static void correct(uint8_t *at, size_t n, size_t columns, int32_t offset, uint32_t gain)
{
    for (; n; n--, at += 2 * columns) {
        int32_t value = i16_at(at) - offset;
        uint32_t size = (uint32_t)(value < 0 ? -value : value); /* 16 bits, so the product has 32 */
        int32_t held = (int32_t)((size * gain + 8192) >> 14);
        held = value < 0 ? -held : held;
        held = held > INT16_MAX ? INT16_MAX : held < INT16_MIN ? INT16_MIN : held;
        at[0] = (uint8_t)held;
        at[1] = (uint8_t)((uint32_t)held >> 8);
    }
}

/* calibrate(buf, at, n, columns, rows, first, count)
 *
 * Corrects n records of `columns` i16 at buf[at:] by `count` rows of
 * layout.CALIBRATION_ROW from rows[6 * first:] on. IndexError for a place outside of
 * a buffer, and for a row's column that the records do not have. */
static mp_obj_t calibrate(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    mp_buffer_info_t to = writable(args[0]);
    size_t at = within(args[1], to.len);
    size_t n = within(args[2], TSK_MAX_PAYLOAD);
    size_t columns = within(args[3], TSK_MAX_PAYLOAD);
    mp_buffer_info_t rows = readable(args[4]);
    size_t first = within(args[5], rows.len / 6);
    size_t count = within(args[6], rows.len / 6 - first);
    if (2 * n * columns > to.len - at) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("buffer"));
    }
    const uint8_t *row = (const uint8_t *)rows.buf + 6 * first;
    for (; count; count--, row += 6) {
        if (row[1] >= columns) {
            mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("column"));
        }
        uint8_t *column = (uint8_t *)to.buf + at + 2 * (size_t)row[1];
        correct(column, n, columns, i16_at(row + 2), (uint32_t)(row[4] | row[5] << 8));
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tasuki_calibrate_obj, 7, 7, calibrate);
