"""The line of a qemu hub brings every byte from the first moment on, whoever opens it first."""

import fcntl
import os
import select
import struct
import termios
import time
import tty

import pytest

from end_to_end.stopped_processor import Stopped, address_of
from qemu_board import needs_qemu
from tasuki.fleet import qemu
from tasuki.fleet.fuzzing.damage import Frame
from tasuki.fleet.virtual import VirtualHub
from tasuki_wire import cobs, codec

pytestmark = [pytest.mark.hub, needs_qemu]

CTRL_C = b"\x03"
LINE_FEEDS = 0x0A0A  # a request id of two line feeds


def frames(fd, names, seconds=120):
    """Names and first fields of the frames that come, until one of `names` has come."""
    data, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.05)[0]:
            data += os.read(fd, 4096)
        *pieces, data = data.split(b"\0")
        for piece in filter(None, pieces):
            out = bytearray(len(piece))
            frame = codec.split(bytes(out[: cobs.decode_into(out, piece, len(piece))]))
            if codec.KINDS[frame[0]].name in names:
                return codec.KINDS[frame[0]].name, codec.unpack(frame[0], frame[6])[0]
    return None


def waiting(terminal):
    """Bytes that the emulator has not taken yet."""
    return struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))[0]


def identify(request):
    return Frame(codec.number("identify"), codec.pack(codec.number("identify"), request)).wire()


def test_a_terminal_that_the_host_opened_before_the_emulator_did_passes_line_feeds(tmp_path, replay_folder):
    """The emulator sets the terminal up when it starts: a hub once heard two bytes for each line feed."""
    with VirtualHub("qemu", tmp_path / "hub", replay_folder) as hub:
        fd = os.open(hub.port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        assert frames(fd, ["hello"])

        os.write(fd, identify(LINE_FEEDS))

        assert frames(fd, ["identity"]) == ("identity", LINE_FEEDS)
        os.close(fd)


def test_no_byte_interrupts_a_hub_that_is_starting(tmp_path, replay_folder):
    """Ctrl-C is a byte of many frames; a host that asks while the hub starts must not stop it."""
    with VirtualHub("qemu", tmp_path / "hub", replay_folder) as hub:
        fd = os.open(hub.port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        end = time.monotonic() + 120
        # no faster, or the board's ring is full before the program begins
        while not select.select([fd], [], [], 0.002)[0] and time.monotonic() < end:
            os.write(fd, CTRL_C)

        os.write(fd, b"\0" + identify(7))

        assert frames(fd, ["identity"]) == ("identity", 7)
        os.close(fd)


def test_a_byte_that_comes_before_the_line_interrupts_blocks_none_behind_it(
    tmp_path, replay_folder, monkeypatch
):
    """The port's start lets bytes in before ours asks for interrupts: one start in 300 was deaf for ever."""
    stopped, command = Stopped(tmp_path), qemu.command
    monkeypatch.setattr(qemu, "command", lambda icount: [*command(icount), *stopped.options])
    with VirtualHub("qemu", tmp_path / "hub", replay_folder) as hub:
        fd = os.open(hub.port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        with stopped.at(address_of(qemu.image(), "__wrap_main")):
            os.write(fd, b"\0")
            end = time.monotonic() + 60
            while waiting(hub._master):
                assert time.monotonic() < end, "the UART does not take it"
                time.sleep(0.01)

        assert frames(fd, ["hello"])
        os.write(fd, b"\0" + identify(7))

        assert frames(fd, ["identity"]) == ("identity", 7)
        os.close(fd)
