"""Registers of a part behind I2C or SPI, read into buffers that the driver owns."""


class I2cRegisters:
    """8-bit registers at an I2C address."""

    def __init__(self, i2c, address):
        self._i2c = i2c
        self._address = address
        self._byte = bytearray(1)

    def read_into(self, register, buf):
        """Registers from this one on, as many as buf has bytes."""
        self._i2c.readfrom_mem_into(self._address, register, buf)

    def write(self, register, value):
        """One register."""
        self._byte[0] = value
        self._i2c.writeto_mem(self._address, register, self._byte)


class SpiRegisters:
    """8-bit registers on SPI, where bit 7 of the address byte means reading; cs is active low."""

    def __init__(self, spi, cs):
        self._spi = spi
        self._cs = cs
        self._address = bytearray(1)
        self._pair = bytearray(2)

    def read_into(self, register, buf):
        """Registers from this one on, as many as buf has bytes."""
        self._address[0] = register | 0x80
        self._cs(0)
        try:
            self._spi.write(self._address)
            self._spi.readinto(buf)
        finally:
            self._cs(1)

    def write(self, register, value):
        """One register."""
        self._pair[0] = register
        self._pair[1] = value
        self._cs(0)
        try:
            self._spi.write(self._pair)
        finally:
            self._cs(1)


class I2cWords:
    """16-bit registers at an I2C address, high byte first, as TI's and Maxim's parts have them."""

    def __init__(self, i2c, address):
        self._i2c = i2c
        self._address = address
        self._word = bytearray(2)

    def read(self, register):
        """A register as an unsigned number."""
        self._i2c.readfrom_mem_into(self._address, register, self._word)
        return self._word[0] << 8 | self._word[1]

    def write(self, register, value):
        """Set a register."""
        self._word[0] = value >> 8
        self._word[1] = value & 255
        self._i2c.writeto_mem(self._address, register, self._word)
