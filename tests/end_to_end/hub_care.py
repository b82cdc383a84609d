"""Helpers of the tests of lock, order and update: a qemu hub and a host that has it enrolled."""

import contextlib
import json
import shutil
import time
from contextlib import contextmanager

from tasuki.errors import LinkLost
from tasuki.fleet import bundle, devkeys
from tasuki.fleet.virtual import VirtualHub
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.enrolment import enroll
from tasuki.session.state import State

RELEASE = devkeys.signer("release")
ORDER = devkeys.signer("order")


@contextmanager
def talk(hub):
    """A connection to a virtual hub that has said hello, and who it is.

    LinkLost as soon as the hub's process has ended: on a busy machine no time tells that.
    """
    connection = Connection(SerialLine(hub.port))
    read = connection.line.read

    def watched(timeout_s):
        end = time.monotonic() + timeout_s
        while True:
            left = end - time.monotonic()
            data = read(max(0, min(left, 0.05)))
            if data or left <= 0:
                return data
            if not hub.alive():
                raise LinkLost("the hub's process has ended")

    connection.line.read = watched
    try:
        yield connection, greet.meet(connection)
    finally:
        connection.close()


def enrolled(hub, folder):
    """Enrol the hub with the host of this state folder."""
    with State(folder) as state:
        return enroll(hub.port, state)


def image_of(files, counter, key=RELEASE, **changed):
    """A signed bundle of some files."""
    release = bundle.Release(
        **{"board": "qemu", "counter": counter, "firmware": f"version {counter}", **changed}
    )
    return bundle.sign(bundle.build(release, files), key)


def configure(folder, **values):
    """Change hub.json of a hub that does not run."""
    path = folder / "hub.json"
    config = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**config, **values}))


def copy_hub(source, target):
    """All that a hub is: configuration, flash and key region."""
    target.mkdir(parents=True)
    for name in ("hub.json", "flash.img", "vault.img"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(source / name, target / name)


def survives(hub, act):
    """Do something over a connection to a hub whose power may go; False when it went."""
    try:
        with talk(hub) as (connection, _):
            act(connection)
    except LinkLost:
        until_dead(hub)
        return False
    return True


def until_dead(hub, timeout_s=120):
    """Wait for the power cut of a hub that was told to have one."""
    deadline = time.monotonic() + timeout_s
    while hub.alive():
        assert time.monotonic() < deadline, "no power cut"
        time.sleep(0.02)


__all__ = [
    "ORDER",
    "RELEASE",
    "VirtualHub",
    "configure",
    "copy_hub",
    "enrolled",
    "image_of",
    "talk",
    "until_dead",
]
