"""A hub as a hardware test has it: the same for one on the bench and for a virtual one."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tasuki import recordings
from tasuki.fleet import flashing, keeping, resetting, selftest, using
from tasuki.fleet.payload import Sources
from tasuki.fleet.ports import Port
from tasuki.fleet.virtual import VirtualHub
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.greet import Identity

_T = TypeVar("_T")


class HubAtTest:
    """One hub.

    Attributes:
        port: path of its port.
        kind: `unix`, `qemu` or `real`.
        lines: what it said at its prompt, and what the test noted of it.
        virtual: the virtual hub behind it, None for one on the bench.
    """

    def __init__(self, port: Port, kind: str, virtual: VirtualHub | None = None) -> None:
        self.place = port
        self.port = port.path
        self.kind = kind
        self.lines: list[str] = []
        self.virtual = virtual

    @classmethod
    @contextmanager
    def spawned(cls, kind: str, folder: Path, bare: bool, speed: float) -> Iterator["HubAtTest"]:
        """A virtual hub in a folder, which starts again when it is reset, as a board does."""
        replay = recordings.prepare(recordings.load(None), 10, folder / "replay", loop=True)
        with VirtualHub(kind, folder, replay.path.parent, speed, bare=bare) as hub, keeping.kept([hub]):
            yield cls(Port(hub.port, hub.location), kind, hub)

    def note(self, line: str) -> None:
        """Keep a line for the report of a test that fails."""
        self.lines.append(line)

    @contextmanager
    def session(self) -> Iterator[tuple[Connection, Identity]]:
        """A connection over the wire, and who the hub says it is."""
        connection = Connection(SerialLine(self.port))
        try:
            yield connection, greet.meet(connection)
        finally:
            connection.close()

    def run(self, code: str) -> str:
        """What code prints at the hub's prompt; Trouble with the traceback when it fails.

        The hub leaves its work for it and stays at its prompt until `restart`.
        """
        held: list[bytes] = []
        with using.prompt_of(self.place) as prompt:
            try:
                using.execute(prompt, code.encode(), held.append)
            finally:
                said = b"".join(held).decode(errors="replace").replace("\r\n", "\n")
                self.lines += said.splitlines()
        return said

    def flash(self, only: Sequence[str] = ()) -> flashing.Flashed:
        """Put the files of this release on the hub, or those that globs name."""
        return flashing.flash(
            self.place, Sources(only=only), None, lambda *a, **values: None, threading.Event()
        )

    def restart(self) -> None:
        """Start the hub anew, and wait until it says hello."""
        resetting.reset(self.place)
        with self.session():
            pass

    def selftest(self, product: selftest.Product | None = None) -> dict[str, selftest.Result]:
        """Results of its self-test by item."""
        return {result.item: result for result in selftest.run(self.place, product)}


def on_all(hubs: Sequence[HubAtTest], work: Callable[[HubAtTest], _T]) -> list[_T]:
    """Do work on all hubs at once; what it gives, in their order, or the first error."""
    with ThreadPoolExecutor(max(len(hubs), 1), thread_name_prefix="hub") as pool:
        return list(pool.map(work, hubs))
