"""Slots are threads: what they call is loaded before they start."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import tasuki

LOADED = """
import json, sys
import tasuki.factory.station
print(json.dumps([name for name in sys.modules if name.startswith("tasuki.")]))
"""
HOST = Path(tasuki.__file__).parents[1]


def source(name):
    """The file of a module of ours; None when the dotted name is none's."""
    path = HOST.joinpath(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def late_imports(name):
    """Modules of ours that functions in a module import."""
    path = source(name)
    if path is None:  # it is C
        return
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tasuki."):
                    yield node.module
                    yield from (f"{node.module}.{name.name}" for name in node.names)


def test_no_slot_imports_a_module():
    """Threads that import wait for each other, and what hooks into imports is not made for many at once."""
    run = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True)
    loaded = json.loads(run.stdout)
    late = {(name, one) for name in loaded for one in late_imports(name) if source(one)}

    assert late
    assert {(name, one) for name, one in late if one not in loaded} == set()
