// The port's configuration and what a hub needs beyond it.
#include "mpconfigport.h"

// The port has no clock; ours is in hub_clock.c. There is no wall time here:
// a hub knows only the time since its start.
#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (0)
#define MICROPY_PY_TIME_TIME_TIME_NS (0)

// As the ports for real boards have it: a fifth less for every bytecode.
#define MICROPY_OPT_COMPUTED_GOTO (1)
// A hub has more names than the 128 places of a small program.
#define MICROPY_OPT_MAP_LOOKUP_CACHE_SIZE (1021)

#undef MICROPY_PY_SELECT
#define MICROPY_PY_SELECT (1)
#undef MICROPY_PY_SYS_STDIO_BUFFER
#define MICROPY_PY_SYS_STDIO_BUFFER (1)

// From the host's operating system; the port's `random` repeats at every boot.
#define MICROPY_PY_OS_URANDOM (1)
#define MICROPY_PY_OS_INCLUDEFILE "hub_urandom.c"

// machine.reset resets the processor; the port's ends the emulator.
#undef MICROPY_PY_MACHINE_INCLUDEFILE
#define MICROPY_PY_MACHINE_INCLUDEFILE "hub_machine.c"

// Interrupts put received bytes into a buffer, so critical sections are real.
unsigned int hub_irq_disable(void);
void hub_irq_restore(unsigned int state);
#define MICROPY_BEGIN_ATOMIC_SECTION() hub_irq_disable()
#define MICROPY_END_ATOMIC_SECTION(state) hub_irq_restore(state)

// Sleep until an interrupt, at most so long; -1: until an interrupt.
void hub_wait_ms(int ms);
#define MICROPY_INTERNAL_WFE(ms) hub_wait_ms(ms)
