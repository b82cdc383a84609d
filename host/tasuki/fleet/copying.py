"""Copies files to a hub at its raw prompt: what differs, packed, each file checked by hash on the hub."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mpremote.transport import TransportExecError

from tasuki.fleet import agent, literals, pastes
from tasuki.fleet.prompt import Prompt
from tasuki.fleet.troubles import Trouble, trouble_of

_FRUITLESS = 2  # times that all is sent again and nothing arrives
_SLOW_S = 60.0  # for an answer: a large flash erases meanwhile

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Machine:
    """What the hub's MicroPython says of itself."""

    platform: str
    mpy: int
    path: tuple[str, ...]
    free: int

    @property
    def library(self) -> str:
        """Folder that modules are installed to, as `mpremote mip install` chooses it."""
        for folder in self.path:
            if folder.endswith("/lib") and not folder.startswith("/rom"):
                return folder
        return "/flash/lib" if self.platform in ("qemu", "pyboard") else "/lib"


@dataclass(frozen=True)
class Difference:
    """What of a payload is not on the hub.

    Attributes:
        missing: names whose bytes differ or are not there.
        shadowed: names that are right, but have a source beside them that hides them.
    """

    missing: tuple[str, ...]
    shadowed: tuple[str, ...]


class Copier:
    """Copies files through a prompt; `close` takes the helpers off the hub again.

    alone: delete the source beside a compiled module, which MicroPython would import instead.
    """

    def __init__(self, prompt: Prompt, alone: bool = True) -> None:
        self._prompt = prompt
        self._alone = alone
        self._said = ""  # the hub's last complaint about what it was sent
        try:
            said = prompt.exec(agent.SETUP + agent.WHO)
        except TransportExecError as error:
            if "ImportError" in error.error_output:
                raise Trouble("no_python", "this MicroPython has no hashlib or binascii") from None
            raise
        platform, mpy, path, free, self._packs = _literal(said)
        self.machine = Machine(platform, mpy, tuple(path), free)

    def differing(self, folder: str, digests: Mapping[str, str]) -> Difference:
        """Compare hashes of the files below a folder with what they are to be."""
        lines = self._answer(f"_tk_have({_place(folder, '')!r},{list(digests)!r})")
        have: list[str] = []
        shadowed = set()
        names = list(digests)
        for line in lines:
            if line == "+":
                shadowed.add(names[len(have) - 1])
            else:
                have.append(line)
        if len(have) != len(names):
            raise Trouble("failed", f"the hub listed {len(have)} of {len(names)} files")
        missing = tuple(name for name, is_ in zip(names, have, strict=True) if is_ != digests[name])
        return Difference(missing, tuple(n for n in names if n in shadowed and n not in missing))

    def uncover(self, folder: str, names: tuple[str, ...]) -> None:
        """Delete the sources that hide compiled modules."""
        for name in names:
            self._prompt.exec(f"_tk_twin({_place(folder, name)!r})")

    def put(
        self, folder: str, files: Mapping[str, bytes], digests: Mapping[str, str], progress: Progress
    ) -> None:
        """Write files below a folder.

        Calls progress(name, bytes done, bytes of all) as files take their place.
        What did not arrive as it was sent is sent again; Trouble("corrupt") when
        twice nothing did.
        """
        total, done = sum(map(len, files.values())), 0
        waiting, fruitless = dict(files), 0
        while waiting and fruitless < _FRUITLESS:
            arrived = 0
            for name in self._try(folder, waiting, digests):
                done += len(waiting.pop(name))
                arrived += 1
                progress(name, done, total)
            fruitless = 0 if arrived else fruitless + 1
        if waiting:
            why = f" ({self._said})" if self._said else ""
            raise Trouble("corrupt", f"{next(iter(waiting))} did not arrive as it was sent{why}")

    def _try(self, folder: str, files: Mapping[str, bytes], digests: Mapping[str, str]) -> Iterator[str]:
        """Send files once; the names of those that took their place, as they do.

        Code that was damaged on the way fails in any manner, and what follows it would
        go into the wrong file. Nothing wrong takes its place by that, because the hub
        compares the hash; what is left is to be sent again.
        """
        below = _place(folder, "")
        parents = dict.fromkeys((below + name).rpartition("/")[0] for name in files)
        begin = [f"_tk_dir({parent + '/'!r})" for parent in parents if parent]
        self._answer("\n".join([*begin, f"_tk_begin({below!r},{self._alone:d})"]))
        size = pastes.piece_size(self.machine.free)
        for paste in pastes.pastes(dict(files), digests, size, self._packs):
            try:
                answers = self._answer(paste.code)
            except TransportExecError as error:
                trouble = trouble_of(error)
                if trouble.state != "failed" or _is_the_filesystems(error):
                    raise
                self._said = self._said or str(trouble)
                answers = []
            if len(answers) != len(paste.names):
                break
            yield from (name for name, answer in zip(paste.names, answers, strict=True) if answer == "ok")
        self.drop()

    def _answer(self, code: str | bytes) -> list[str]:
        """Run code; the lines that it printed. The hub's own errors as Trouble."""
        out, error = self._prompt.exec_raw(code, timeout=_SLOW_S)
        if error:
            raise TransportExecError(out, error.decode(errors="replace"))
        return list(out.decode(errors="replace").splitlines())

    def drop(self) -> None:
        """Delete what is half written; for the end of a copy that failed."""
        self._prompt.exec(agent.DROP)

    def close(self) -> None:
        """Take the helpers off the hub."""
        self._prompt.exec(agent.GONE)


def _is_the_filesystems(error: TransportExecError) -> bool:
    """True for what sending again does not mend; a damaged piece does not unpack, which is EINVAL."""
    last = error.error_output.strip().rpartition("\n")[2]
    return last.startswith("OSError") and "EINVAL" not in last and last != "OSError: 22"


def _place(folder: str, name: str) -> str:
    """A file's path on the hub; without a folder below where the hub is."""
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _literal(text: bytes) -> Any:
    """A literal that the hub printed."""
    try:
        return literals.read(text)
    except (ValueError, SyntaxError, UnicodeDecodeError):
        raise Trouble("failed", f"the hub answers {text[:60]!r} when asked what it is") from None
