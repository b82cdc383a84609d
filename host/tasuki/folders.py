"""Where things are kept by default."""

import os
from pathlib import Path

import platformdirs


def default_state() -> Path:
    """Folder of keys, register, outbox and store: TASUKI_STATE, else the user's data folder."""
    return Path(os.environ.get("TASUKI_STATE") or platformdirs.user_data_path("tasuki"))
