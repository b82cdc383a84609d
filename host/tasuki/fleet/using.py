"""What people do at a hub's prompt: run code, copy files, list folders."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from mpremote.transport import TransportExecError

from tasuki.errors import UsageError
from tasuki.fleet import hub_paths
from tasuki.fleet.copying import Copier
from tasuki.fleet.opening import close_prompt, open_prompt
from tasuki.fleet.ports import Port
from tasuki.fleet.prompt import Prompt
from tasuki.fleet.troubles import Trouble

_PATHS_HINT = "Paths on the hub begin with a colon: `cp main.py :` or `cp :main.py .`."


@contextmanager
def prompt_of(port: Port, stop: threading.Event | None = None) -> Iterator[Prompt]:
    """The raw prompt of the hub on a port; a hub of ours in development leaves its work for it."""
    prompt = open_prompt(port, stop)
    try:
        yield prompt
    finally:
        close_prompt(prompt)


def execute(prompt: Prompt, code: bytes, output: Callable[[bytes], object]) -> None:
    """Run code to its end, whenever that is; Trouble with the traceback when it failed."""
    _, error = prompt.exec_raw(code, timeout=None, data_consumer=lambda data: output(data.rstrip(b"\x04")))
    if error:
        text = error.decode(errors="replace").strip()
        raise Trouble("failed", f"on the hub: {text.splitlines()[-1]}", text.replace("\n", "\n  "))


def start(port: Port, code: bytes) -> None:
    """Start code that goes on after this has returned."""
    prompt = open_prompt(port)
    try:
        prompt.exec_raw_no_follow(code)
    finally:
        prompt.serial.close()  # anything more that is sent could end it


def listing(prompt: Prompt, path: str) -> list[str]:
    """Lines about the files of a folder, as `mpremote ls` shows them."""
    folder = path.removeprefix(":")
    try:
        entries = prompt.fs_listdir(folder)
    except OSError as error:
        raise UsageError(f"there is no folder :{folder} on the hub ({error})") from None
    return [f"{e.st_size:12} {e.name}{'/' if e.st_mode & 0x4000 else ''}" for e in entries]


def copy(
    prompt: Prompt, paths: list[str], recursive: bool, force: bool, told: Callable[[str], object]
) -> None:
    """Copy from here to the hub, or from the hub to here; what is the same already is left alone."""
    *sources, destination = paths
    from_hub = [hub_paths.on_hub(path) for path in sources]
    if not sources or len(set(from_hub)) != 1 or from_hub[0] == hub_paths.on_hub(destination):
        raise UsageError("cp copies to the hub or from the hub", _PATHS_HINT)
    if from_hub[0]:
        hub_paths.from_hub(prompt, sources, destination, recursive, told)
        return
    files = hub_paths.to_hub(prompt, sources, destination, recursive)
    digests = {name: sha256(data).hexdigest() for name, data in files.items()}
    copier = Copier(prompt, alone=False)
    try:
        differing = list(files) if force else copier.differing("", digests).missing
        for name in files.keys() - set(differing):
            told(f"up to date :{name}")
        copier.put(
            "", {name: files[name] for name in differing}, digests, lambda name, *_: told(f"-> :{name}")
        )
    except TransportExecError:
        copier.drop()
        raise
    finally:
        copier.close()
