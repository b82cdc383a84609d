# Our board of MicroPython's qemu port: the mps2-an385 machine, a Cortex-M3,
# or with HUB_CPU=m4 the same board with a Cortex-M4F, mps2-an386.
#
# The port's Makefile reads this file because packaging/firmware.sh gives it
# this folder as BOARD_DIR. Nothing in MicroPython's tree is changed: what the
# port leaves empty or does too simply is replaced at link time by --wrap.

QEMU_ARCH = arm
HUB_CPU ?= m3
ifeq ($(HUB_CPU),m4)
QEMU_MACHINE = mps2-an386
CFLAGS += -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M4F"'
MPY_CROSS_FLAGS += -march=armv7emsp
else
QEMU_MACHINE = mps2-an385
CFLAGS += -mcpu=cortex-m3 -mfloat-abi=soft
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M3"'
MPY_CROSS_FLAGS += -march=armv7m
endif

CFLAGS += -mthumb -DQEMU_SOC_MPS2
CFLAGS += -DMP_CONFIGFILE='"hub_config.h"' -I$(BOARD_DIR)
# what is switched on there brings its names from files that did not change
QSTR_GLOBAL_DEPENDENCIES += $(BOARD_DIR)/hub_config.h

LDSCRIPT = $(BOARD_DIR)/hub.ld
LDFLAGS += -Wl,--wrap=main,--wrap=memcpy,--wrap=memset,--wrap=mp_hal_stdio_poll
LDFLAGS += -Wl,--wrap=mp_hal_stdin_rx_chr,--wrap=mp_hal_stdout_tx_strn

SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o

# These names must not occur in ports/qemu, where make looks first.
vpath %.c $(BOARD_DIR)
SRC_C += hub_start.c hub_vectors.c hub_clock.c hub_line.c hub_host.c hub_module.c hub_copy.c
SRC_C += hub_watchdog.c

# The key region signs with the C module's Ed25519.
ifneq ($(USER_C_MODULES),)
SRC_C += hub_region.c hub_vault.c
endif

MICROPY_VFS_LFS2 = 1

# A part with 256 KiB of RAM leaves about this much for the heap.
MICROPY_HEAP_SIZE ?= 163840

FROZEN_MANIFEST ?= $(BOARD_DIR)/manifest.py

# without the C module this is the hash of every frame; the last option counts
$(BUILD)/extmod/modhashlib.o: CFLAGS += -O3
# where a turn of the hub spends its time beside py/vm.c, which the port builds so itself
$(addprefix $(BUILD)/py/,bc.o binary.o gc.o malloc.o map.o mpz.o nativeglue.o obj.o \
    objarray.o objfun.o objint_mpz.o objtype.o qstr.o runtime.o): \
    CFLAGS += -O2
