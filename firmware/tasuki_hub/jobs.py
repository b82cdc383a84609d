"""Long work in small pieces: one generator at a time, a slice of it each turn."""

_SLICE_US = 3_000


class Jobs:
    """A queue of generators; the first is advanced until it ends."""

    def __init__(self, board):
        self._board = board
        self._queue = []

    def add(self, job):
        """Append a generator."""
        self._queue.append(job)

    def idle(self):
        """True when nothing is under way."""
        return not self._queue

    def advance(self):
        """Work for about one slice of real time."""
        if not self._queue:
            return
        end = self._board.ticks_us() + _SLICE_US
        while self._queue:
            try:
                next(self._queue[0])
            except StopIteration:
                self._queue.pop(0)
            if self._board.ticks_us() >= end:
                return
