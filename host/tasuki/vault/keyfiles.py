"""Key files: one secret each, hex, mode 0600, written whole or not at all."""

import os
import re
import stat
from pathlib import Path

from tasuki import durable
from tasuki.errors import LinkLost, UsageError
from tasuki.vault.secret import Secret

SIZE = 32


def folder(path: Path) -> Path:
    """Make the folder of the key files, mode 0700, or check that nobody else can enter it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _private(path, "chmod 700")
    except OSError as e:
        raise UsageError(f"key folder {path}: {e.strerror}", "Give a folder that you may write to.") from e
    return path


def exists(path: Path) -> bool:
    """True when the key file is there."""
    return path.exists()


def read(path: Path) -> Secret:
    """The secret of a key file; UsageError when it is missing, damaged or readable by others."""
    try:
        _private(path, "chmod 600")
        text = path.read_text("ascii").strip()
    except FileNotFoundError as e:
        raise UsageError(f"key file {path} is missing", "Restore it from its backup.") from e
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"key file {path} cannot be read", "Restore it from its backup.") from e
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise UsageError(f"key file {path} is damaged", "Restore it from its backup.")
    return Secret(bytes.fromhex(text))


def create(path: Path) -> Secret:
    """A new random key, durable before it is returned; if another process was first, its key."""
    secret = Secret(os.urandom(SIZE))
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, secret.reveal().hex().encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(draft, path)  # unlike rename, never replaces a key
        except FileExistsError:
            return read(path)
        finally:
            draft.unlink()
        durable.sync_folder(path.parent)
    except OSError as e:
        raise UsageError(f"key file {path}: {e.strerror}", "Free the disk or give another folder.") from e
    return secret


def read_or_create(path: Path) -> Secret:
    """The secret of a key file, made on first use."""
    return read(path) if exists(path) else create(path)


def destroy(path: Path) -> None:
    """Overwrite a key file and remove it, durably; nothing happens when there is none."""
    try:
        size = path.stat().st_size
        with path.open("r+b", buffering=0) as file:
            file.write(os.urandom(size))
            os.fsync(file.fileno())
        path.unlink()
        durable.sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as e:
        raise LinkLost(f"key file {path} cannot be destroyed: {e.strerror}", "Mend it; try again.") from e


def _private(path: Path, way_out: str) -> None:
    state = path.stat()
    if stat.S_IMODE(state.st_mode) & 0o077:
        raise UsageError(
            f"{path} can be read by others", f"Run `{way_out} {path}` and consider its keys exposed."
        )
    if state.st_uid != os.geteuid():
        raise UsageError(f"{path} belongs to another user", "Run as the user that made the state folder.")
