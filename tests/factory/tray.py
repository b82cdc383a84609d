"""A tray of virtual hubs that restart as boards do."""

import shutil
import threading
import time
from pathlib import Path

from tasuki.fleet.ports import Port
from tasuki.fleet.virtual import VirtualHub

ROOT = Path(__file__).resolve().parents[2]
CMODULE = ROOT / "build" / "cmodule" / "x64" / "_tasuki.mpy"


class Tray:
    """Hubs of one kind; `ports` in their order. cmodule: with the C signer, else viper's."""

    def __init__(self, folder, replay, count, kind="unix", cmodule=False):
        self.hubs = [VirtualHub(kind, folder / f"slot{n}", replay) for n in range(count)]
        if cmodule:
            for hub in self.hubs:
                shutil.copy(CMODULE, hub.folder / "lib")
                hub.reset()
        self._over = threading.Event()
        self._cut = []
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def _keep(self):
        while not self._over.wait(0.02):
            for hub in self.hubs:
                if hub.left() or hub in self._cut:
                    self._cut = [other for other in self._cut if other is not hub]
                    hub.reset()

    def cut_power(self, hub):
        """End a hub at once; it starts again soon, from a thread that outlives the one that asks.

        A hub dies with the thread that started it (virtual.py, pdeathsig).
        """
        hub.kill()
        self._cut.append(hub)

    @property
    def ports(self):
        """Port of each hub."""
        return [self.port(hub) for hub in self.hubs]

    @staticmethod
    def port(hub):
        """Where a hub is found."""
        return Port(hub.port, hub.location, hub.unique_id.hex(), hub.kind)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._over.set()
        self._keeper.join()
        for hub in self.hubs:
            hub.close()


def settle(seconds=0.5):
    """Until the hubs say hello."""
    time.sleep(seconds)
