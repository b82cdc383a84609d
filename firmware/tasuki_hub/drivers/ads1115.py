"""Analog inputs through ADS1115s on I2C, up to four parts with four inputs each.

Registers as in the data sheet (SBAS444), section 8.1. Single-shot mode: a part
is in power-down but while it converts. All parts convert at once, one input
each; after four such rounds the row is complete.
"""

from tasuki_hub.drivers.registers import I2cWords
from tasuki_wire.constant import const

_CONVERSION = const(0x00)
_CONFIG = const(0x01)

_START = const(1 << 15)  # OS: starts a conversion; reads 1 when none is under way
_SINGLE_SHOT = const(1 << 8)  # MODE; without a conversion the part is in power-down
_RATE_860 = const(7 << 5)
_NO_COMPARATOR = const(3)
_IDLE = const(_SINGLE_SHOT | _RATE_860 | _NO_COMPARATOR)
_CONVERSION_US = const(1_350)  # 1/860 s, 10 % slow (section 6.5), and 25 us to wake up
_RETRY_US = const(250)
_TOO_LATE_US = const(50_000)

AIN0, AIN1, AIN2, AIN3 = 4, 5, 6, 7  # MUX: against ground
AIN0_AIN1, AIN2_AIN3 = 0, 3  # MUX: differences

FSR_4096_MV, FSR_2048_MV, FSR_1024_MV, FSR_512_MV, FSR_256_MV = 1, 2, 3, 4, 5  # PGA


class Ads1115Bank:
    """A source for scan.py; `table` is ((address, (MUX code, ...)), ...), the row in that order.

    OSError when a part does not keep its configuration, or never ends a conversion.
    """

    def __init__(self, i2c, table, pga=FSR_2048_MV):
        self.name = "ads1115"
        self._pga = pga << 9
        self._parts = tuple([(I2cWords(i2c, address), codes) for address, codes in table])
        self._rounds = max([len(codes) for _, codes in table])
        self.channels = sum([len(codes) for _, codes in table])
        self.row = bytearray(2 * self.channels)

    def start(self):
        """The part has no identity: what is written must be there to be read."""
        for part, codes in self._parts:
            wanted = codes[0] << 12 | self._pga | _IDLE
            part.write(_CONFIG, wanted)
            found = part.read(_CONFIG)
            if found & ~_START != wanted:
                raise OSError("ads1115: config is %04x, not %04x" % (found, wanted))

    def begin(self, now_us):
        """Start the first round."""
        self._round = 0
        self._convert(now_us)

    def _convert(self, now_us):
        for part, codes in self._parts:
            if self._round < len(codes):
                part.write(_CONFIG, _START | codes[self._round] << 12 | self._pga | _IDLE)
        self._begun_us = now_us
        self.next_us = now_us + _CONVERSION_US

    def step(self, now_us):
        """Go on as far as the parts are; True when the row is complete."""
        if now_us - self._begun_us < _CONVERSION_US:
            return False
        for part, codes in self._parts:
            if self._round < len(codes) and not part.read(_CONFIG) & _START:
                if now_us - self._begun_us > _TOO_LATE_US:
                    raise OSError("ads1115: conversion does not end")
                self.next_us = now_us + _RETRY_US
                return False
        at = 0
        for part, codes in self._parts:
            if self._round < len(codes):
                value = part.read(_CONVERSION)
                self.row[at + 2 * self._round] = value & 255
                self.row[at + 2 * self._round + 1] = value >> 8
            at += 2 * len(codes)
        self._round += 1
        if self._round == self._rounds:
            return True
        self._convert(now_us)
        return False

    def stop(self):
        """Power-down, and no conversion to come."""
        for part, codes in self._parts:
            part.write(_CONFIG, codes[0] << 12 | self._pga | _IDLE)
