// The port's part of `machine`, included by MicroPython's extmod/modmachine.c.
#include "hub.h"

#include "py/mphal.h"

static void mp_machine_idle(void) {
    hub_wait_ms(1);
}

NORETURN static void mp_machine_reset(void) {
    hub_reset(HUB_CAUSE_RESET);
}

// An index of RESET_CAUSES in protocol/tasuki_wire/layout.py.
static mp_int_t mp_machine_reset_cause(void) {
    return hub_reset_cause();
}
