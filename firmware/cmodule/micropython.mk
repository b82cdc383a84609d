# For images of ports that build with make: USER_C_MODULES=<this repository>/firmware.
# packaging/cmodule.sh has to have laid out libsodium's sources before.

TASUKI_CMODULE := $(USERMOD_DIR)

ifeq ($(wildcard $(TASUKI_CMODULE)/../../build/libsodium/complete),)
$(error no sources of libsodium: run packaging/cmodule.sh sources)
endif

SRC_USERMOD_C += $(addprefix $(TASUKI_CMODULE)/,module.c signing.c sealing.c buffers.c emitting.c \
    framing.c hashing.c records.c)
SRC_USERMOD_LIB_C += $(addprefix $(TASUKI_CMODULE)/,cobs.c core.c rings.c sodium.c sodium_box.c)
# a name that is new there has to be found in an image that was built before
QSTR_GLOBAL_DEPENDENCIES += $(TASUKI_CMODULE)/functions.h
CFLAGS_USERMOD += -I$(TASUKI_CMODULE)/../../native/include

# field arithmetic and hash rounds live in registers only from -O2 on; the last option counts
$(BUILD)/cmodule/cobs.o $(BUILD)/cmodule/core.o $(BUILD)/cmodule/rings.o $(BUILD)/cmodule/sodium.o \
    $(BUILD)/cmodule/sodium_box.o: CFLAGS += -O2
