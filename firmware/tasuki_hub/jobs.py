"""Long work in small pieces: one generator at a time, a slice of it each turn."""

from tasuki_wire import layout

_SLICE_US = 3_000


class Jobs:
    """A queue of generators; the first is advanced until it ends."""

    def __init__(self, board):
        self._board = board
        self._queue = []

    def add(self, job):
        """Append a generator."""
        self._queue.append(job)

    def drop(self):
        """Forget all but the one that runs; for the running one itself to call."""
        del self._queue[1:]

    def idle(self):
        """True when nothing is under way."""
        return not self._queue

    def advance(self):
        """Work for about one slice of real time."""
        if not self._queue:
            return
        start = self._board.ticks_us()
        while self._queue:
            try:
                next(self._queue[0])
            except StopIteration:
                self._queue.pop(0)
            # ticks wrap at a multiple of 2**30, on a 32-bit board every 18 minutes
            if (self._board.ticks_us() - start) & layout.MAX_SEQ >= _SLICE_US:
                return
