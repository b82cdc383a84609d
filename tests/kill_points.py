"""Work that is killed at a given step: in a child process that gets SIGKILL, as in a power cut."""

import os
import signal
from collections.abc import Callable
from contextlib import contextmanager

from tasuki.vault import keyfiles

_EVERY = 40  # instructions of SQLite's virtual machine


class Steps:
    """Counts what may be interrupted: statements and instructions of SQLite, key files made and destroyed."""

    def __init__(self, kill_at: int = 0) -> None:
        self.count = 0
        self._kill_at = kill_at

    def __call__(self, *_: object) -> int:
        self.count += 1
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    def watch(self, *connections) -> None:
        """Count a connection's instructions."""
        for connection in connections:
            connection.set_progress_handler(self, _EVERY)
            connection.set_trace_callback(self)

    @contextmanager
    def key_files(self):
        """Count key files, before and after each."""
        names = ("create", "destroy")
        before = {name: getattr(keyfiles, name) for name in names}

        def counted(work):
            def wrapper(*args):
                self()
                result = work(*args)
                self()
                return result

            return wrapper

        for name, work in before.items():
            setattr(keyfiles, name, counted(work))
        try:
            yield self
        finally:
            for name, work in before.items():
                setattr(keyfiles, name, work)


def killed(work: Callable[[], None]) -> bool:
    """Run in a child process; True when it was killed, AssertionError when it failed."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False
