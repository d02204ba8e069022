"""The id of this machine: a world stores it beside paths, which only one machine has."""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

import platformdirs

from dam.errors import OutputFolderError
from dam.storage.privacy import make_private_folder

_SYSTEM = Path("/etc/machine-id")
_FORM = re.compile(rb"[0-9a-f]{32}\n?")
# systemd's machine id must be kept secret; hashed with this key it reveals nothing.
_PURPOSE = b"dam: the machine on which a path is"


def machine_id(system: Path = _SYSTEM, folder: Path | None = None) -> str:
    """Return 64 hexadecimal digits that identify this machine, always the same. It blocks.

    Args:
        system: The file with the system's own id.
        folder: Where to store a random id if the system has none; by default the user's data
            folder.

    Raises:
        OutputFolderError: The random id cannot be stored.
    """
    try:
        found = system.read_bytes()
    except OSError:
        found = b""
    if not _FORM.fullmatch(found):
        folder = folder or platformdirs.user_data_path("dam")
        try:
            found = _kept(folder / "machine-id")
        except OSError as error:
            raise OutputFolderError(folder, error) from error
    return hmac.new(found.strip(), _PURPOSE, hashlib.sha256).hexdigest()


def _kept(path: Path) -> bytes:
    """Return the id in a file; if there is no file, create it with a random id."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        make_private_folder(path.parent)
    new = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    fd = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(secrets.token_hex(16).encode() + b"\n")
        path.hardlink_to(new)
    except FileExistsError:  # another process was quicker
        pass
    finally:
        new.unlink()
    return path.read_bytes()
