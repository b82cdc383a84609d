"""Collectors that can be killed."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Processes:
    """Collectors as processes of `tasuki collect`."""

    def __init__(self, stage, world, n):
        self.folder = world.outbox_folder / "collectors"
        self.folder.mkdir()
        key = world.signer.public.hex()
        (self.folder / "sinks.toml").write_text(
            f'format = 1\n[sink.broker]\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {stage.broker.port}\n'
            f'[sink.db]\nkind = "postgres"\nconnection = "{stage.database.conninfo()}"\n'
            f'[collect]\ngateways = ["{key}"]\n'
        )
        self.processes = [self._start() for _ in range(n)]
        for process in self.processes:
            self._wait(process)

    def _start(self):
        command = [sys.executable, "-c", "from tasuki.cli import main; main()", "collect"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in ("host", "protocol"))}
        return subprocess.Popen(
            [*command, "--state", str(self.folder)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
            text=True, env=env,
        )  # fmt: skip

    def _wait(self, process):
        assert process.stderr.readline() == "collecting\n"

    def kill_one(self):
        """SIGKILL to one of them; another is started, and works before the next one dies."""
        victim = self.processes.pop(0)
        victim.kill()
        victim.wait(30)
        victim.stderr.close()
        self.processes.append(self._start())
        self._wait(self.processes[-1])

    def signal(self, number):
        for process in self.processes:
            process.send_signal(number)

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait(30)
            process.stderr.close()
