/* An MPS2 AN386 (Cortex-M4 with float unit) from reset to main, under QEMU.
 *
 * Files are the host's, by Arm semihosting; the clock is the CMSDK timer. */
#include "board.h"

enum { OPEN = 0x01, WRITE = 0x05, READ = 0x06, EXIT = 0x18, STOPPED_WELL = 0x20026, STOPPED_BADLY = 0x20023 };

#define TIMER ((volatile uint32_t *)0x40000000) /* control, value, reload, interrupt */
#define COPROCESSORS ((volatile uint32_t *)0xE000ED88)

extern uint32_t _stack_end, _data, _data_end, _data_load, _bss, _bss_end;

static intptr_t call_host(intptr_t what, const void *arguments)
{
    register intptr_t r0 __asm__("r0") = what;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_exit(int well)
{
    for (;;) {
        call_host(EXIT, (const void *)(well ? STOPPED_WELL : STOPPED_BADLY));
    }
}

int board_open(const char *path, int write)
{
    size_t length = 0;
    while (path[length]) {
        length++;
    }
    const intptr_t arguments[3] = {(intptr_t)path, write ? 5 : 1, (intptr_t)length};
    intptr_t file = call_host(OPEN, arguments);
    if (file < 0) {
        board_exit(0);
    }
    return (int)file;
}

static void move(int file, intptr_t what, const void *data, size_t n)
{
    const intptr_t arguments[3] = {file, (intptr_t)data, (intptr_t)n};
    if (call_host(what, arguments) != 0) { /* bytes that were not moved */
        board_exit(0);
    }
}

void board_read(int file, void *data, size_t n)
{
    move(file, READ, data, n);
}

void board_write(int file, const void *data, size_t n)
{
    move(file, WRITE, data, n);
}

void board_clock_start(void)
{
    TIMER[0] = 0;
    TIMER[2] = 0xffffffffu;
    TIMER[1] = 0xffffffffu;
    TIMER[0] = 1;
}

uint32_t board_clock(void)
{
    return 0xffffffffu - TIMER[1];
}

static void reset(void)
{
    *COPROCESSORS |= 0xfu << 20; /* the float unit */
    __asm__ volatile("dsb\nisb");
    for (uint32_t *to = &_data, *from = &_data_load; to < &_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &_bss; to < &_bss_end;) {
        *to++ = 0;
    }
    board_exit(main() == 0);
}

static void fault(void)
{
    board_exit(0);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &_stack_end, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};

/* What a freestanding gcc calls by itself. */
void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
    return to;
}

void *memset(void *to, int value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((volatile uint8_t *)to)[i] = (uint8_t)value;
    }
    return to;
}
