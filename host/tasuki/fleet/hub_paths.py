"""Paths as in mpremote: what begins with a colon is on the hub. What a `cp` copies where.

The meaning of destinations is mpremote's: a folder that is there gets the
source under its own name, and a trailing slash asks for a folder that is there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasuki.errors import UsageError
from tasuki.fleet.prompt import Prompt

_READ = 2048  # bytes in one answer


def on_hub(path: str) -> bool:
    """True for a path on the hub."""
    return path.startswith(":")


def to_hub(prompt: Prompt, sources: list[str], destination: str, recursive: bool) -> dict[str, bytes]:
    """{path on the hub: bytes} of local files for a destination on the hub."""
    target = destination.removeprefix(":")
    is_folder = _is_folder(target, prompt.fs_isdir, len(sources) > 1)
    files: dict[str, bytes] = {}
    for source in map(Path, sources):
        place = _join(target, source.resolve().name) if is_folder else target
        if source.is_dir():
            _only_recursive(str(source), recursive)
            for path in sorted(source.rglob("*")):
                if path.is_file():
                    files[_join(place, path.relative_to(source).as_posix())] = _bytes(path)
        else:
            files[place] = _bytes(source)
    return files


def from_hub(
    prompt: Prompt, sources: list[str], destination: str, recursive: bool, told: Callable[[str], Any]
) -> None:
    """Copy files of the hub to a local destination, each whole or not at all."""
    is_folder = _is_folder(destination, lambda path: Path(path).is_dir(), len(sources) > 1)
    for source in (path.removeprefix(":").rstrip("/") for path in sources):
        target = Path(destination)
        if is_folder:
            target /= source.rpartition("/")[2]
        if prompt.fs_isdir(source):
            _only_recursive(":" + source, recursive)
            _tree(prompt, source, target, told)
        else:
            _fetch(prompt, source, target, told)


def _tree(prompt: Prompt, source: str, target: Path, told: Callable[[str], Any]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in prompt.fs_listdir(source):
        if "/" in entry.name or entry.name in ("", ".", ".."):
            raise UsageError(f"the hub lists a file called {entry.name!r}", "Rename it on the hub.")
        take = _tree if entry.st_mode & 0x4000 else _fetch
        take(prompt, _join(source, entry.name), target / entry.name, told)


def _fetch(prompt: Prompt, source: str, target: Path, told: Callable[[str], Any]) -> None:
    try:
        data = bytes(prompt.fs_readfile(source, chunk_size=_READ))
    except OSError as error:
        raise UsageError(
            f"there is no :{source} on the hub ({error})", "`tasuki hub ls` shows what is."
        ) from None
    draft = target.with_name(target.name + ".new")
    draft.write_bytes(data)
    draft.replace(target)
    told(f":{source} -> {target}")


def _is_folder(destination: str, is_dir: Callable[[str], bool], several: bool) -> bool:
    bare = destination.rstrip("/") or destination
    found = bare in ("", "/") or is_dir(bare)
    if not found and (several or destination != bare):
        raise UsageError(f"{destination} is no folder that is there", "Make it first, or name one file.")
    return found


def _only_recursive(path: str, recursive: bool) -> None:
    if not recursive:
        raise UsageError(f"{path} is a folder", "Copy folders with -r.")


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "Give the path of a file that you may read.") from error
