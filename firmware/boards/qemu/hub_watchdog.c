// The watchdog: who does not feed it in time is reset, with a cause that says so.
#include "hub.h"

// CMSDK technical reference manual (DDI 0479), 4.6: APB watchdog, counts down at 25 MHz
typedef struct {
    volatile uint32_t LOAD;
    volatile uint32_t VALUE;
    volatile uint32_t CTRL;
    volatile uint32_t INTCLR; // any write: counts from LOAD again
    volatile uint32_t RIS;
    volatile uint32_t MIS;
    uint32_t reserved[762];
    volatile uint32_t LOCK;
} watchdog_regs_t;

#define WATCHDOG ((watchdog_regs_t *)0x40008000) // AN385, table 3-3
#define CTRL_IRQ (1u << 0)   // the first time: the NMI, which no one can switch off
#define CTRL_RESET (1u << 1) // the second time: a reset, should even that hang
#define UNLOCK (0x1ACCE551u)

#define TICKS_PER_MS (25 * 1000)
#define LONGEST_MS (170 * 1000)

void hub_watchdog_start(uint32_t ms) {
    WATCHDOG->LOCK = UNLOCK;
    WATCHDOG->CTRL = 0;
    if (ms) {
        WATCHDOG->LOAD = (ms < LONGEST_MS ? ms : LONGEST_MS) * TICKS_PER_MS;
        WATCHDOG->INTCLR = 1;
        WATCHDOG->CTRL = CTRL_IRQ | CTRL_RESET;
    }
    WATCHDOG->LOCK = 0;
}

void hub_watchdog_feed(void) {
    WATCHDOG->LOCK = UNLOCK;
    WATCHDOG->INTCLR = 1;
    WATCHDOG->LOCK = 0;
}
