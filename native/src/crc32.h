/* CRC-32 of whole blocks of 16 bytes by carry-less multiplication. */
#ifndef TASUKI_CRC32_H
#define TASUKI_CRC32_H

#include "tasuki_wire.h"

#define TSK_FOLD 16

/* 1 when this processor can fold. */
int tsk_crc_can_fold(void);

/* The running CRC (not inverted) after count >= 1 blocks; only where it can. */
uint32_t tsk_crc_fold(uint32_t crc, const uint8_t *data, size_t count);

#endif
