"""The self-test's part on the hub: pasted at the prompt by the host, run, and gone with the restart.

Never flashed and never imported by the hub, so that it costs a running hub
nothing. Each function prints one line, the Python literal of what it found;
the host judges. What is sampled stays here: only a deviation and a count
leave the hub.
"""

import gc
import os
import struct

_BLOCK = 1024
_PATTERNS = (0x00, 0xFF, 0x55, 0xAA)
_PIECE = 64
_WAIT_MS = 20
_GRACE_US = 1_000_000  # beyond the periods that a part needs for its records
_TICKS = 0x3FFFFFFF  # where a board's ticks wrap


def say(**found):
    """One line for the host."""
    print(repr(found))


def memory():
    """Bytes free after a collection, and how many do not keep what is written: patterns, then addresses."""
    gc.collect()
    free = gc.mem_free()
    bad = 0
    blocks = []
    try:
        for _ in range(free // 2 // _BLOCK):
            blocks.append(bytearray(_BLOCK))
    except MemoryError:  # no block is left in one piece
        pass
    for pattern in _PATTERNS:
        want = bytes([pattern]) * _BLOCK
        for block in blocks:
            block[:] = want
        for block in blocks:
            bad += sum([a != pattern for a in block]) if block != want else 0
    for i, block in enumerate(blocks):
        struct.pack_into("<I", block, 0, i)
        struct.pack_into("<I", block, _BLOCK - 4, ~i & 0x3FFFFFFF)
    for i, block in enumerate(blocks):
        bad += struct.unpack_from("<I", block, 0)[0] != i
        bad += struct.unpack_from("<I", block, _BLOCK - 4)[0] != ~i & 0x3FFFFFFF
    say(free=free, bad=bad, tested=len(blocks) * _BLOCK)


def flash(board):
    """Bytes free, and how many of a file come back wrong after it was written, renamed and opened again."""
    stat = os.statvfs(board.flash)
    path = board.flash + "/selftest"
    want = bytes([i * 7 & 255 for i in range(_BLOCK)])
    bad = 2 * _BLOCK
    try:
        with open(path + ".new", "wb") as f:
            f.write(want)
            f.write(want)
        os.rename(path + ".new", path)
        with open(path, "rb") as f:
            for _ in range(2):
                got = f.read(_BLOCK)
                bad -= sum([a == b for a, b in zip(got, want)])
    finally:
        for name in (path, path + ".new"):
            try:
                os.remove(name)
            except OSError:
                pass
    say(free=stat[0] * stat[3], bad=bad)


def _whole(steps):
    """Value of a generator of slices."""
    while True:
        try:
            next(steps)
        except StopIteration as e:
            return e.value


def signature(board, engine, seed, message):
    """The engine's public key and signature of a test seed, whether it takes them, and an altered one not."""
    began = board.ticks_us()
    public = _whole(engine.public_key_steps(seed))
    signed = _whole(engine.sign_steps(seed, public, message))
    took = board.ticks_us() - began & _TICKS
    right = _whole(engine.verify_steps(public, message, signed))
    wrong = _whole(engine.verify_steps(public, message + b".", signed))
    say(public=public, signature=signed, right=right, wrong=wrong, us=took)


class _Sink:
    """Takes a driver's records in place of a ring: count and squares of each column, no record."""

    def __init__(self, code):
        self._code = code
        self.n = self.overruns = self.taken = self.count = 0
        self._first = None

    def restart(self, us):
        pass

    def slew(self, us):
        pass

    def push(self, src, n):
        size = struct.calcsize(self._code)
        for i in range(n):
            row = struct.unpack_from(self._code, src, i * size)
            if self._first is None:
                self._first = row
                self.sums = [0] * len(row)
                self.squares = [0] * len(row)
            for column, value in enumerate(row):
                value -= self._first[column]
                self.sums[column] += value
                self.squares[column] += value * value
            self.n += 1

    def variances(self):
        """Of each column, in raw units squared."""
        n = self.n  # whole numbers up to the last step: a float has 24 bits on the hub
        return [(n * q - s * s) / (n * n) for s, q in zip(self.sums, self.squares)] if n else []


def sensor(board, number, driver, code, wanted):
    """Have one part say who it is (its driver does at start), then sample so many records."""
    sink = _Sink(code)
    error = ""
    spent = 0
    try:
        try:
            driver.start(sink, board.now_us())
            end = board.now_us() + (wanted + 2) * driver.period_us + _GRACE_US
            while sink.n < wanted and board.now_us() < end:
                began = board.ticks_us()
                due = driver.poll(sink, board.now_us())
                spent += board.ticks_us() - began & _TICKS
                if due is None or due > board.now_us():
                    board.wait(1)
        finally:
            driver.stop()
    except OSError as e:
        error = str(e) or "OSError"
    gc.collect()
    say(
        number=number,
        part=type(driver).__name__,
        error=error,
        records=sink.n,
        variances=sink.variances(),
        us=spent / sink.n if sink.n else 0,
    )


def sensors(board, hub, codes, wanted):
    """Every part of the body, a line each: struct formats by kind, numbers of records by stream."""
    for number, driver in board.drivers(hub):
        if driver.kind in codes:
            sensor(board, number, driver, codes[driver.kind], wanted.get(number, 0))


def echo(board, rate, size):
    """Send back so many bytes at another rate of the line; ends when nothing came for a second, too."""
    import micropython

    buf = bytearray(_PIECE)
    left = size
    quiet = 0
    micropython.kbd_intr(-1)  # a byte of the data is no Ctrl-C
    board.line_rate(rate)
    try:
        while left > 0 and quiet < 1000:
            n = board.read_into(buf)
            if not n:
                board.wait(_WAIT_MS)
                quiet += _WAIT_MS
                continue
            quiet = 0
            left -= n
            at = 0
            view = memoryview(buf)[:n]
            while at < n:
                at += board.write(view[at:])
    finally:
        board.line_rate(0)
        micropython.kbd_intr(3)


class Bystander:
    """In place of the hub, for a board that makes its drivers."""

    def log(self, level, text):
        pass

    def alarm(self, name):
        pass
