"""The commands of docs/wearer-page.md work as they stand there, in their order."""

import os
import re
import shlex
from pathlib import Path

import pytest

from end_to_end.conftest import Command

DOC = (Path(__file__).resolve().parents[2] / "docs" / "wearer-page.md").read_text("utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", DOC, re.DOTALL) for line in block.splitlines()]


def test_the_commands_of_the_page_work_in_their_order(tmp_path):
    command = Command(tmp_path)
    granted = command("consent", "grant", "--subject", "hanako", "--item", "ecg", "--purpose", "statistics")
    assert granted.returncode == 0
    for line in LINES:
        words = shlex.split(line)
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            command.env = {**command.env, name: value}
        elif words[:2] == ["tasuki", "serve"]:
            process = command.start(*words[1:])
            assert re.match(r"https?://", process.stdout.readline())
            process.terminate()
            _, err = process.communicate(timeout=30)
            assert process.returncode == 0, err
        else:
            done = command(*words[1:])
            assert done.returncode == 0, f"{line}: {done.stderr}"
    assert len(LINES) > 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--host", "0.0.0.0"], "there is no certificate"),
        (["--origin", "http://my.example.jp"], "in the clear"),
        (["--origin", "my.example.jp"], "is no origin"),
        (["--certificate", "c.pem"], "go together"),
    ],
)
def test_it_does_not_listen_where_it_could_be_overheard(tmp_path, words, says):
    done = Command(tmp_path)("serve", "--bind-port", "0", *words)

    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert os.environ.get("TASUKI_PASSWORD") is None
