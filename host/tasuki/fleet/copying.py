"""Copies files to a hub at its raw prompt: many pieces in one raw paste, compressed, checked by hash."""

import ast
import binascii
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mpremote.transport import TransportExecError

from tasuki.fleet import agent
from tasuki.fleet.prompt import Prompt
from tasuki.fleet.troubles import Trouble, trouble_of

_LEAST, _MOST = 1024, 16384  # bytes of code in one paste
_HEAP_SHARE = 24  # a paste's text, its parsed form and the bytes in it are on the heap at once
_WBITS = 10  # the window of agent.SETUP
_TRIES = 2
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


class _Paste(NamedTuple):
    """Code for one raw paste, and the names of the files that are whole after it."""

    code: str
    names: tuple[str, ...]


class Copier:
    """Copies files through a prompt; `close` takes the helpers off the hub again.

    alone: delete the source beside a compiled module, which MicroPython would import instead.
    """

    def __init__(self, prompt: Prompt, alone: bool = True) -> None:
        self._prompt = prompt
        self._alone = alone
        self._said = ""  # the hub's last complaint about what it was sent
        platform, mpy, path, free = _literal(prompt.exec(agent.WHO))
        self.machine = Machine(platform, mpy, tuple(path), free)
        self._paste = min(_MOST, max(_LEAST, self.machine.free // _HEAP_SHARE))
        try:
            prompt.exec(agent.SETUP)
        except TransportExecError as error:
            if "ImportError" in error.error_output:
                raise Trouble("no_python", "this MicroPython has no hashlib or binascii") from None
            raise
        self._packs: bool = prompt.eval("_tk_z is not None")

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
        """Write files below a folder, as many in one paste as fit.

        Calls progress(name, bytes done, bytes of all) as files take their place.
        Trouble("corrupt") when a file is twice not what was sent.
        """
        total, done = sum(map(len, files.values())), 0
        waiting = list(files)
        for _ in range(_TRIES):
            for paste in self._pastes(folder, {name: files[name] for name in waiting}, digests):
                for name in self._send(paste):
                    waiting.remove(name)
                    done += len(files[name])
                    progress(name, done, total)
        if waiting:
            why = f" ({self._said})" if self._said else ""
            raise Trouble("corrupt", f"{waiting[0]} did not arrive as it was sent{why}")

    def _send(self, paste: _Paste) -> list[str]:
        """Have the hub run it; the files that took their place.

        Code that was damaged on the way fails in any manner. Nothing wrong takes
        its place by that, because the hub compares the hash: so it is sent again.
        """
        try:
            answers = self._answer(paste.code)
        except TransportExecError as error:
            trouble = trouble_of(error)
            if trouble.state != "failed" or _is_the_filesystems(error):
                raise
            self._said = self._said or str(trouble)
            self.drop()
            return []
        if len(answers) != len(paste.names):
            return []
        return [name for name, answer in zip(paste.names, answers, strict=True) if answer == "ok"]

    def _pastes(
        self, folder: str, files: Mapping[str, bytes], digests: Mapping[str, str]
    ) -> Iterator[_Paste]:
        """Code to run, each piece short enough for the hub, with the files that it finishes."""
        lines: list[str] = []
        names: list[str] = []
        size, parents = 0, set[str]()
        for name, data in files.items():
            for line in self._lines(_place(folder, name), data, digests[name], parents):
                if lines and size + len(line) >= self._paste:
                    yield _Paste("\n".join(lines), tuple(names))
                    lines, names, size = [], [], 0
                lines.append(line)
                size += len(line) + 1
            names.append(name)
        yield _Paste("\n".join(lines), tuple(names))

    def _lines(self, place: str, data: bytes, digest: str, parents: set[str]) -> Iterator[str]:
        parent = place.rpartition("/")[0]
        if parent not in parents:
            parents.add(parent)
            yield f"_tk_dir({place!r})"
        yield f"_tk_open({place!r})"
        step = self._paste // 2
        for at in range(0, len(data), step):
            yield self._piece(data[at : at + step])
        yield f"_tk_done('{digest}',{self._alone:d})"

    def _piece(self, data: bytes) -> str:
        unpack = "_tk_a"
        if self._packs:
            packer = zlib.compressobj(9, zlib.DEFLATED, -_WBITS)
            packed = packer.compress(data) + packer.flush()
            if len(packed) < len(data):
                unpack, data = "_tk_z", packed
        text = binascii.b2a_base64(data, newline=False).decode()
        return f"_tk_f.write({unpack}('{text}'))"

    def _answer(self, code: str) -> list[str]:
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
        return ast.literal_eval(text.decode().strip())
    except (ValueError, SyntaxError, UnicodeDecodeError):
        raise Trouble("failed", f"the hub answers {text[:60]!r} when asked what it is") from None
