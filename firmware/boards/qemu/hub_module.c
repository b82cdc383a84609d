// The module `_qemu`: what board_qemu.py asks of this board.
#include "hub.h"

#include <stdlib.h>

#include "py/runtime.h"

// wait_ms(ms): sleep until a byte arrives, at most ms.
static mp_obj_t wait_ms(mp_obj_t ms) {
    mp_event_handle_nowait();
    hub_wait_ms((int)mp_obj_get_int(ms));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(wait_ms_obj, wait_ms);

// preset_us(us): the clock runs on as if it had started us earlier.
static mp_obj_t preset_us(mp_obj_t us) {
    hub_clock_preset_us(mp_obj_get_int_truncated(us));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(preset_us_obj, preset_us);

// power_off(): the emulator ends at once, as when a battery is pulled.
static mp_obj_t power_off(void) {
    exit(0);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(power_off_obj, power_off);

// crash_pc(): the address of the fault that caused the last reset, else 0.
static mp_obj_t crash_pc(void) {
    return mp_obj_new_int_from_uint(hub_crash_pc());
}
static MP_DEFINE_CONST_FUN_OBJ_0(crash_pc_obj, crash_pc);

// reset(cause): start anew; cause is an index of RESET_CAUSES in layout.py.
static mp_obj_t reset(mp_obj_t cause) {
    int why = (int)mp_obj_get_int(cause);
    hub_line_drain(); // the answer to the command that asked for it
    hub_reset(why);
}
static MP_DEFINE_CONST_FUN_OBJ_1(reset_obj, reset);

// watchdog(ms): reset with cause watchdog unless feed() is called that often; 0 stops it.
static mp_obj_t watchdog(mp_obj_t ms) {
    hub_watchdog_start((uint32_t)mp_obj_get_int(ms));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(watchdog_obj, watchdog);

static mp_obj_t feed(void) {
    hub_watchdog_feed();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(feed_obj, feed);

// brown_out(): what the supply monitor's interrupt does on a board that has one. The emulator
// has none, so a test calls it: the cause is kept before the power goes, and the reset follows.
static mp_obj_t brown_out(void) {
    hub_reset(HUB_CAUSE_BROWN_OUT);
}
static MP_DEFINE_CONST_FUN_OBJ_0(brown_out_obj, brown_out);

static const mp_rom_map_elem_t names_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__qemu) },
    { MP_ROM_QSTR(MP_QSTR_line), MP_ROM_PTR(&hub_line_obj) },
    { MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&hub_host_open_obj) },
    { MP_ROM_QSTR(MP_QSTR_wait_ms), MP_ROM_PTR(&wait_ms_obj) },
    { MP_ROM_QSTR(MP_QSTR_preset_us), MP_ROM_PTR(&preset_us_obj) },
    { MP_ROM_QSTR(MP_QSTR_power_off), MP_ROM_PTR(&power_off_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&reset_obj) },
    { MP_ROM_QSTR(MP_QSTR_crash_pc), MP_ROM_PTR(&crash_pc_obj) },
    { MP_ROM_QSTR(MP_QSTR_watchdog), MP_ROM_PTR(&watchdog_obj) },
    { MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&feed_obj) },
    { MP_ROM_QSTR(MP_QSTR_brown_out), MP_ROM_PTR(&brown_out_obj) },
};
static MP_DEFINE_CONST_DICT(names, names_table);

const mp_obj_module_t hub_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&names,
};
MP_REGISTER_MODULE(MP_QSTR__qemu, hub_module);
