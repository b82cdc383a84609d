"""SoftHSM's tokens: one folder for a whole process, because the library reads its settings once."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
TOOL = "softhsm2-util"
TOKENS = ("tasuki", "line")
PIN = "1234"


def library():
    """Path of the library, None where it is not installed."""
    return next((path for path in LIBRARIES if Path(path).exists() and shutil.which(TOOL)), None)


def make(folder):
    """Make the TOKENS in a folder; what the environment has to say for them."""
    (folder / "tokens").mkdir(parents=True)
    conf = folder / "softhsm2.conf"
    conf.write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    setting = {"SOFTHSM2_CONF": str(conf)}
    for label in TOKENS:
        command = [TOOL, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "5678"]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | setting)
    return setting


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory):
    """Path of the library, which has the TOKENS with the PIN."""
    pytest.importorskip("pkcs11", reason="the extra `factory` is not installed")
    if library() is None:
        pytest.skip("softhsm2 is not installed: make services")
    setting = make(tmp_path_factory.mktemp("softhsm"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in setting.items():
            patch.setenv(name, value)
        yield library()
