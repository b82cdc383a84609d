// Interrupt vectors, faults, and why the processor started.
#include "hub.h"

// Armv7-M architecture reference manual (DDI 0403), B3.2
#define VTOR (*(volatile uint32_t *)0xE000ED08)
#define AIRCR (*(volatile uint32_t *)0xE000ED0C)
#define AIRCR_SYSRESETREQ (0x05FA0000u | 1u << 2)
#define NVIC_ISER (*(volatile uint32_t *)0xE000E100)

// Arm application note AN385, table 3-4
#define IRQ_UART0_RX (0)
#define IRQ_UART0_TX (1)
#define IRQ_TIMER0 (8)
#define IRQ_TIMER1 (9)

// Above the stack (hub.ld): neither the image nor its start touches it, so a
// record there outlives a reset; a new emulator starts with zeros.
typedef struct {
    uint32_t magic;
    uint32_t cause;
    uint32_t pc;
} survivor_t;
extern volatile survivor_t _survivor;
#define SURVIVOR (&_survivor)
#define MAGIC (0x7a5c61e1u)

static survivor_t last;

extern uint32_t _estack;
extern void Reset_Handler(void);

static void unexpected(void) {
    hub_reset(HUB_CAUSE_CRASH);
}

// The frame that the processor pushed: r0-r3, r12, lr, pc, xPSR.
__attribute__((used)) static void fault(const uint32_t *frame) {
    SURVIVOR->pc = frame[6];
    hub_reset(HUB_CAUSE_CRASH);
}

__attribute__((naked)) static void fault_entry(void) {
    __asm volatile ("mrs r0, msp\n" "b fault\n");
}

__attribute__((used)) static void bitten(const uint32_t *frame) {
    SURVIVOR->pc = frame[6];
    hub_reset(HUB_CAUSE_WATCHDOG);
}

__attribute__((naked)) static void watchdog_entry(void) {
    __asm volatile ("mrs r0, msp\n" "b bitten\n");
}

// VTOR wants the table aligned to its size rounded up to a power of two.
static void (*const vectors[16 + 32])(void) __attribute__((aligned(256))) = {
    [0] = (void (*)(void))&_estack,
    [1] = Reset_Handler,
    [2] = watchdog_entry,
    [3 ... 6] = fault_entry,
    [7 ... 15] = unexpected,
    [16 ... 47] = unexpected,
    [16 + IRQ_UART0_RX] = hub_line_rx_irq,
    [16 + IRQ_UART0_TX] = hub_line_tx_irq,
    [16 + IRQ_TIMER0] = hub_clock_irq,
    [16 + IRQ_TIMER1] = hub_clock_wake_irq,
};

void hub_vectors_init(void) {
    last = (survivor_t) { 0, HUB_CAUSE_POWER_ON, 0 };
    if (SURVIVOR->magic == MAGIC) {
        last = *SURVIVOR;
    }
    // whoever resets the processor without saying why has only reset it
    *SURVIVOR = (survivor_t) { MAGIC, HUB_CAUSE_RESET, 0 };
    VTOR = (uint32_t)vectors;
    NVIC_ISER = 1u << IRQ_UART0_RX | 1u << IRQ_UART0_TX | 1u << IRQ_TIMER0 | 1u << IRQ_TIMER1;
    __asm volatile ("cpsie i");
}

int hub_reset_cause(void) {
    return (int)last.cause;
}

uint32_t hub_crash_pc(void) {
    return last.pc;
}

void hub_reset(int cause) {
    SURVIVOR->cause = (uint32_t)cause;
    __asm volatile ("dsb");
    AIRCR = AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

unsigned int hub_irq_disable(void) {
    unsigned int state;
    __asm volatile ("mrs %0, primask\n" "cpsid i" : "=r" (state) : : "memory");
    return state;
}

void hub_irq_restore(unsigned int state) {
    __asm volatile ("msr primask, %0" : : "r" (state) : "memory");
}
