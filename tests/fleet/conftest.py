"""Hubs on a bench: real interpreters on terminals, announced as `tasuki hub spawn` does."""

import contextlib
import io
import subprocess
from dataclasses import replace

import pytest

from end_to_end.conftest import WEARER, Command, replay_folder
from tasuki.cli import cli, frame
from tasuki.fleet import crew, flashing, keeping, ports, selftest
from tasuki.fleet.announce import announced
from tasuki.fleet.payload import Sources
from tasuki.fleet.selftest import virtual
from tasuki.fleet.virtual import VirtualHub

__all__ = ["replay_folder"]


class Bench:
    """Hubs of one test; `state` is the folder that they are announced in."""

    def __init__(self, folder, replay):
        self.folder = folder
        self.state = folder / "state"
        self.hubs = []
        self._replay = replay
        self._stack = contextlib.ExitStack()

    def add(self, name=None, kind="unix", bare=True, speed=1, kept=False):
        """Plug a hub in; one with the name of an earlier hub is the same hub.

        kept: it starts again when it was soft-reset, as a board does.
        """
        name = name or f"hub{len(self.hubs)}"
        hub = VirtualHub(kind, self.folder / "bench" / name, self._replay, speed, bare=bare)
        self._stack.callback(hub.close)
        hub.announcement = self._stack.enter_context(contextlib.ExitStack())
        hub.announcement.enter_context(announced(self.state, hub.row()))
        self.hubs.append(hub)
        if kept:
            hub.announcement.enter_context(keeping.kept([hub]))
        return hub

    def spoil(self, hub, file, old, new):
        """Change a file that a hub of kind unix was installed with, and start it anew; it stays changed."""
        path = hub.folder / "lib" / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))
        (
            hub.folder / "lib" / "tasuki_hub" / "spoiled.mpy"
        ).touch()  # or its start would install the files anew
        hub.reset()

    def unplug(self, hub):
        """Pull a hub's plug: its terminal is gone, too."""
        hub.announcement.close()
        hub.close()

    @property
    def ports(self):
        """Where the hubs are."""
        return [ports.Port(hub.port, hub.location) for hub in self.hubs]

    def flash(self, chosen=None, told=lambda event: None, sources=None, target=None, **options):
        """Flash hubs as the command does; the turns."""
        sources = sources or Sources(only=["tasuki_wire/*"])

        def job(port, say, stop):
            done = flashing.flash(port, sources, target, say, stop)
            return {**vars(done)}

        return crew.work(chosen or self.ports, job, told, state=self.state, **options)

    def selftest(self, **changed):
        """Results of the newest hub's self-test by item; changed: of the demo garment's product."""
        product = replace(selftest.read(), **changed)
        return {result.item: result for result in selftest.run(self.ports[-1], product)}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._stack.close()


@pytest.fixture
def bench(tmp_path, replay_folder):
    """An empty bench."""
    with Bench(tmp_path, replay_folder) as made:
        yield made


@pytest.fixture
def everything_shows(monkeypatch):
    """As on a board: nothing is put aside because the hub is virtual."""
    monkeypatch.setattr(virtual, "_NOT_SHOWN", {})


class Here(Command):
    """The command in this process, which spares the start of another; `start` is still one of its own."""

    def __call__(self, *args, timeout=None):
        out, error = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(error),
            pytest.raises(SystemExit) as end,
        ):
            for name in ("TASUKI_STATE", "TASUKI_PORT"):
                patch.setenv(name, self.env.get(name, ""))
            frame.guarded(cli, [*map(str, args)])
        texts = []
        for stream in (out, error):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode())
        return subprocess.CompletedProcess(args, end.value.code, *texts)


@pytest.fixture
def tasuki(tmp_path):
    """The command, on the bench's state folder."""
    return Here(tmp_path)


@pytest.fixture
def wearer():
    """The consent file of the example wearer."""
    return WEARER
