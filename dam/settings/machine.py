"""Which machine this is: paths that a world keeps are those of one machine."""

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
# What systemd gives a machine is not to be shown to others; keyed with our name it says nothing.
_PURPOSE = b"dam: the machine on which a path is"


def machine_id(system: Path = _SYSTEM, folder: Path | None = None) -> str:
    """Return 64 hexadecimal digits that only this machine has, the same each time; it blocks.

    Args:
        system: The file in which the system keeps its own id.
        folder: Where to keep a random one, where there is none; the user's data folder without.

    Raises:
        OutputFolderError: A random one cannot be kept there.
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
    """Return the id in a file, which is made where there is none."""
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
