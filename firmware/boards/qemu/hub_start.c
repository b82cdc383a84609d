// main() in place of the port's: our clock and line, then the hub, then the REPL.
#include "hub.h"

#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "shared/runtime/pyexec.h"

#define STACK_LIMIT (16 * 1024)

static uint32_t heap[MICROPY_HEAP_SIZE / sizeof(uint32_t)];

// The machine's second memory ("Application Note AN385", table 3-2), which no hub has.
#define PSRAM ((char *)0x21000000)
#define PSRAM_HEAP (512 * 1024)

// A garment that is simulated on this processor needs room beside the hub; its
// file says that there is one, see board_qemu.py.
static void init_heap(void) {
    int file = hub_host_open("garment.json", 12, 1);
    if (file < 0) {
        gc_init(heap, (char *)heap + sizeof(heap));
        return;
    }
    hub_host_close(file);
    gc_init(PSRAM, PSRAM + PSRAM_HEAP);
}

#if __ARM_FP
// Off after a reset (DDI 0403, B3.2.20); the port's start does not know of it.
#define CPACR (*(volatile uint32_t *)0xE000ED88)
#define CPACR_FPU (0xFu << 20)
#endif

// Replaced by hub_vault.c where the image has it.
__attribute__((weak)) bool hub_vault_locked(void) {
    return false;
}

// A locked hub has no prompt: its program runs, and when that ends, however it
// ends, the processor starts anew.
static void run_locked(void) {
    hub_line_shut();
    pyexec_frozen_module("tasuki_hub/main_qemu.py", false);
    hub_reset(HUB_CAUSE_CRASH);
}

int __wrap_main(int argc, char **argv) {
    (void)argc;
    (void)argv;
    #if __ARM_FP
    CPACR |= CPACR_FPU;
    __asm volatile ("dsb\n" "isb\n");
    #endif
    hub_clock_init();
    hub_line_init();
    hub_vectors_init();
    mp_stack_ctrl_init();
    mp_stack_set_limit(STACK_LIMIT);
    init_heap();
    for (;;) {
        mp_init();
        if (hub_vault_locked()) {
            run_locked();
        }
        // as on other boards: a soft reset from the raw REPL does not start the program
        if (pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
            pyexec_frozen_module("tasuki_hub/main_qemu.py", false);
        }
        if (hub_vault_locked()) { // since this start
            hub_reset(HUB_CAUSE_RESET);
        }
        while ((pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl()) == 0) {
        }
        mp_printf(&mp_plat_print, "MPY: soft reboot\n");
        gc_sweep_all();
        mp_deinit();
    }
}
