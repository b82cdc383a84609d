"""What hubs print is read by many threads at once."""

import gc
import threading
import time

import pytest

from tasuki.fleet import literals

ROWS = repr({"a": list(range(60)), "b": {"x": [(1, 2, 3)] * 30}})


def test_many_threads_read_literals_while_finalizers_let_others_in():
    """Without a lock CPython 3.11 says SystemError sooner or later."""
    errors, end = [], time.monotonic() + 2

    def read():
        try:
            while time.monotonic() < end:
                literals.read(ROWS)
        except SystemError as e:
            errors.append(e)

    def give_way(phase, info):
        time.sleep(0)

    before = gc.get_threshold()
    gc.set_threshold(20)
    gc.callbacks.append(give_way)
    try:
        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.callbacks.remove(give_way)
        gc.set_threshold(*before)
    assert errors == []


@pytest.mark.parametrize("text", ["", "a", "1 +", "__import__('os')"])
def test_what_is_no_literal_is_refused(text):
    with pytest.raises((ValueError, SyntaxError)):
        literals.read(text)
