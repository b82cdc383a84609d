// Time since the start and sleeping, over the two CMSDK timers at 25 MHz.
#include "hub.h"

#include "py/mphal.h"
#include "py/runtime.h"

// CMSDK technical reference manual (DDI 0479), 4.2: APB timer, counts down
typedef struct {
    volatile uint32_t CTRL;
    volatile uint32_t VALUE;
    volatile uint32_t RELOAD;
    volatile uint32_t INTCLEAR; // reads as INTSTATUS
} timer_regs_t;

#define TIMER0 ((timer_regs_t *)0x40000000) // runs freely; benchmarks read its VALUE
#define TIMER1 ((timer_regs_t *)0x40001000) // one shot: the end of a sleep
#define CTRL_ENABLE (1u << 0)
#define CTRL_IRQ (1u << 3)

#define TICKS_PER_US (25)
#define LONGEST_SLEEP_MS (60 * 1000)

static volatile uint32_t wraps; // of the 32-bit counter, each 171.8 s

void hub_clock_init(void) {
    TIMER1->CTRL = 0;
    TIMER0->RELOAD = 0xFFFFFFFFu;
    hub_clock_preset_us(0);
}

// The counter itself is set, so that its wrap can be brought near too.
void hub_clock_preset_us(uint32_t us) {
    uint64_t ticks = (uint64_t)us * TICKS_PER_US;
    TIMER0->CTRL = 0;
    TIMER0->INTCLEAR = 1;
    wraps = (uint32_t)(ticks >> 32);
    TIMER0->VALUE = 0xFFFFFFFFu - (uint32_t)ticks;
    TIMER0->CTRL = CTRL_ENABLE | CTRL_IRQ;
}

void hub_clock_irq(void) {
    TIMER0->INTCLEAR = 1;
    wraps += 1;
}

void hub_clock_wake_irq(void) {
    TIMER1->CTRL = 0;
    TIMER1->INTCLEAR = 1;
}

uint64_t hub_clock_ticks(void) {
    unsigned int state = hub_irq_disable();
    uint32_t high = wraps;
    uint32_t low = 0xFFFFFFFFu - TIMER0->VALUE;
    if (TIMER0->INTCLEAR) {
        // wrapped, and the interrupt still waits: read again behind the wrap
        low = 0xFFFFFFFFu - TIMER0->VALUE;
        high += 1;
    }
    hub_irq_restore(state);
    return (uint64_t)high << 32 | low;
}

// With interrupts off a pending one still ends `wfi`, so none is missed
// between the question and the sleep.
static void sleep_ticks(uint32_t ticks) {
    unsigned int state = hub_irq_disable();
    if (!hub_line_any()) {
        TIMER1->RELOAD = 0;
        TIMER1->VALUE = ticks;
        TIMER1->CTRL = CTRL_ENABLE | CTRL_IRQ;
        __asm volatile ("dsb\n" "wfi");
        TIMER1->CTRL = 0;
        TIMER1->INTCLEAR = 1;
    }
    hub_irq_restore(state);
}

void hub_wait_ms(int ms) {
    uint32_t most = ms < 0 || ms > LONGEST_SLEEP_MS ? LONGEST_SLEEP_MS : (uint32_t)ms;
    if (most) {
        sleep_ticks(most * 1000 * TICKS_PER_US);
    }
}

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)(hub_clock_ticks() / TICKS_PER_US);
}

mp_uint_t mp_hal_ticks_ms(void) {
    return (mp_uint_t)(hub_clock_ticks() / (1000 * TICKS_PER_US));
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return (mp_uint_t)hub_clock_ticks();
}

uint64_t mp_hal_time_ns(void) {
    return hub_clock_ticks() * (1000 / TICKS_PER_US);
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = hub_clock_ticks() + (uint64_t)us * TICKS_PER_US;
    while (hub_clock_ticks() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = hub_clock_ticks() + (uint64_t)ms * 1000 * TICKS_PER_US;
    uint64_t now;
    while ((now = hub_clock_ticks()) < end) {
        mp_event_handle_nowait();
        uint64_t left = end - now;
        uint32_t most = LONGEST_SLEEP_MS * 1000u * TICKS_PER_US;
        // a byte that waits would end each sleep at once; then this spins, which is right too
        sleep_ticks(left < most ? (uint32_t)left : most);
    }
}
