"""SoftHSM's tokens: one folder for a whole process, because the library reads its settings once."""

import shutil
import subprocess
from pathlib import Path

import pytest

LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
TOKENS = ("tasuki", "line")
PIN = "1234"


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory):
    """Path of the library, which has the TOKENS with the PIN."""
    pytest.importorskip("pkcs11", reason="the extra `factory` is not installed")
    library = next((path for path in LIBRARIES if Path(path).exists()), None)
    tool = shutil.which("softhsm2-util")
    if library is None or tool is None:
        pytest.skip("softhsm2 is not installed: make services")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(conf))
        for label in TOKENS:
            command = [tool, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "5678"]
            subprocess.run(command, check=True, capture_output=True)
        yield library
