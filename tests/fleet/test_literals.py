"""What hubs print is read by many threads at once."""

import ast
import gc
import threading
import time
from pathlib import Path

import pytest

import tasuki
from tasuki.fleet import literals

# what threads of a bench or a line run; the plugin's fixtures run in pytest's own thread
PARTS = [Path(tasuki.__file__).parent / name for name in ("fleet", "factory")]
NOT_IN_THREADS = {"pytest_plugin.py"}
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


def late_imports(path):
    """Imports of ours in the functions of a file: where, and whether they are made alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.With)
        and "literals.ALONE" in map(ast.unparse, (i.context_expr for i in block.items))
        for node in ast.walk(block)
    }
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tasuki."):
                    yield f"{path.name}:{node.lineno}", id(node) in alone


def test_what_threads_import_late_they_import_alone():
    """A hook on imports, as pytest's, makes trees: a good unit of a tray once ended as station error."""
    files = [file for part in PARTS for file in part.rglob("*.py") if file.name not in NOT_IN_THREADS]
    found = [each for file in files for each in late_imports(file)]

    assert found
    assert [place for place, alone in found if not alone] == []
