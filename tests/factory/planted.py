"""Hubs with a fault that a maker could have soldered in: their files are changed before they start."""

from contextlib import contextmanager

from tasuki.fleet import virtual

# name: (file below lib, what stands there, what stands there instead)
FAULTS = {
    "no_entropy": (
        "tasuki_hub/board_unix.py",
        "        return os.urandom(n)",
        "        if n == 32:\n            raise NotImplementedError\n        return os.urandom(n)",
    ),
    "repeats_itself": (
        "tasuki_hub/board_unix.py",
        "        return os.urandom(n)",
        "        return b'7' * n if n == 32 else os.urandom(n)",
    ),
    "lacks_a_sensor": (
        "tasuki_hub/board_unix.py",
        'Replay(self._config["replay"]).channels',
        'Replay(self._config["replay"]).channels[1:]',
    ),
    "lies_about_its_key": (
        "tasuki_hub/commands.py",
        'epoch.signed("possession", body)',
        'epoch.signed("possession", body + b"x")',
    ),
    "loses_its_certificate": (
        "tasuki_hub/certificate.py",
        "    os.rename(path, hub.board.flash + _FILE)\n",
        "",
    ),
}


@contextmanager
def planted(monkeypatch, faults):
    """faults: {name of a hub's folder: fault}; for hubs that are started inside."""
    install = virtual.install_files

    def installing(library):
        install(library)
        fault = faults.get(library.parent.name)
        if fault:
            name, old, new = FAULTS[fault]
            text = (library / name).read_text()
            assert old in text, fault
            (library / name).write_text(text.replace(old, new))

    with monkeypatch.context() as patch:
        patch.setattr(virtual, "install_files", installing)
        yield
