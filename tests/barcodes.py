"""What another maker's decoder (ZBar, of Debian's zbar-tools) reads from a picture."""

import shutil
import subprocess
from pathlib import Path

import pytest

_TOOL = shutil.which("zbarimg")
needs_zbar = pytest.mark.skipif(_TOOL is None, reason="zbarimg is not installed (make services)")


def read(picture: Path) -> str:
    """The text of the one code in the picture."""
    command = [_TOOL or "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(picture)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    (text,) = done.stdout.splitlines()
    return text
