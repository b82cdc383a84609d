// What the files of this board know of each other.
#ifndef TASUKI_BOARD_HUB_H
#define TASUKI_BOARD_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py/obj.h"

// Indices of RESET_CAUSES in protocol/tasuki_wire/layout.py.
enum {
    HUB_CAUSE_POWER_ON = 1,
    HUB_CAUSE_RESET = 2,
    HUB_CAUSE_WATCHDOG = 3,
    HUB_CAUSE_BROWN_OUT = 4,
    HUB_CAUSE_CRASH = 5,
};

// hub_vectors.c: the processor's own business
void hub_vectors_init(void);
int hub_reset_cause(void);          // one of the above, of this boot
uint32_t hub_crash_pc(void);        // where the fault or the watchdog's bite before this boot was, else 0
void hub_reset(int cause) __attribute__((noreturn));
unsigned int hub_irq_disable(void); // returns the state for hub_irq_restore
void hub_irq_restore(unsigned int state);

// hub_watchdog.c: the NMI comes when it was not fed for so long
void hub_watchdog_start(uint32_t ms); // 0: stop it
void hub_watchdog_feed(void);

// hub_clock.c: 25-MHz timers
void hub_clock_init(void);
void hub_clock_irq(void);
void hub_clock_wake_irq(void);
uint64_t hub_clock_ticks(void);     // 40 ns each, since the start
void hub_clock_preset_us(uint32_t us); // as if the clock had started earlier
void hub_wait_ms(int ms);           // until a byte or the timeout; -1: until a byte

// hub_line.c: UART 0
void hub_line_init(void);
void hub_line_shut(void);           // a locked hub's: no interrupt character, no printing
void hub_line_rx_irq(void);
void hub_line_tx_irq(void);
int hub_line_any(void);             // received bytes that wait
size_t hub_line_read(uint8_t *buf, size_t len);        // never waits
size_t hub_line_write(const uint8_t *buf, size_t len); // what fits now
void hub_line_drain(void);          // until all is sent, at most 200 ms
extern const mp_obj_base_t hub_line_obj;

// hub_vault.c: the device key; an image without the C module has none
bool hub_vault_locked(void);

// hub_host.c: files of the host, by Arm semihosting
int hub_host_open(const char *path, size_t len, int mode); // -1: it cannot be opened
int hub_host_close(int fd);
int hub_host_read(int fd, void *buf, size_t len);          // bytes read, -1: error
int hub_host_write(int fd, const void *buf, size_t len);   // bytes written, -1: error
int hub_host_seek(int fd, uint32_t at);                    // from the start; -1: error
int hub_host_size(int fd);                                 // bytes, -1: error
extern const mp_obj_fun_builtin_var_t hub_host_open_obj;

#endif
