/* What the driver needs of the emulated board: files of the host and a clock. */
#ifndef TASUKI_TEST_BOARD_H
#define TASUKI_TEST_BOARD_H

#include <stddef.h>
#include <stdint.h>

int board_open(const char *path, int write);  /* a handle; the board stops where it cannot */
void board_read(int file, void *data, size_t n);  /* all n bytes; the board stops where there are fewer */
void board_write(int file, const void *data, size_t n);
void board_exit(int well) __attribute__((noreturn));

void board_clock_start(void);
uint32_t board_clock(void); /* ticks since the start, 40 instructions each under -icount shift=0 */

int main(void);

#endif
