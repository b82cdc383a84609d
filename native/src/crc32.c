/* CRC-32/ISO-HDLC by slices of 8 bytes (Kounavis and Berry, IEEE TC 2008). */

#include "crc32.h"

#include "bytes.h"

#define POLYNOMIAL 0xEDB88320u

void tsk_wire_init(struct tsk_wire_params *params)
{
    memset(params, 0, sizeof *params);
    params->crc_folds = (uint32_t)tsk_crc_can_fold();
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        }
        params->crc_table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        for (int slice = 1; slice < 8; slice++) {
            uint32_t before = params->crc_table[slice - 1][byte];
            params->crc_table[slice][byte] = before >> 8 ^ params->crc_table[0][before & 255];
        }
    }
}

uint32_t tsk_wire_crc(const struct tsk_wire_params *params, uint32_t seed, const uint8_t *data, size_t n)
{
    const uint32_t(*table)[256] = params->crc_table;
    uint32_t crc = ~seed;
    if (params->crc_folds && n >= TSK_FOLD) {
        crc = tsk_crc_fold(crc, data, n / TSK_FOLD);
        data += n - n % TSK_FOLD;
        n %= TSK_FOLD;
    }
    while (n >= 8) {
        uint32_t low = load32(data) ^ crc;
        uint32_t high = load32(data + 4);
        crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24]
            ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^ table[1][high >> 16 & 255] ^ table[0][high >> 24];
        data += 8;
        n -= 8;
    }
    while (n--) {
        crc = crc >> 8 ^ table[0][(crc ^ *data++) & 255];
    }
    return ~crc;
}
