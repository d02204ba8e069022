"""Content-addressed bytes and the safe reading of users' files; no database."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dam.errors import UnknownStoreError
from dam.storage.content_store import ContentStore
from dam.storage.local.store import LocalContentStore

__all__ = ["ContentStore", "open_store"]

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def open_store(address: str | Path) -> ContentStore:
    """Return the content store at an address: a folder, or a `file://` URL of one.

    Opens and makes nothing; `importing` does.

    Raises:
        UnknownStoreError: The address has a scheme that is not built in.
    """
    if isinstance(address, str) and (scheme := _ADDRESS.match(address)):
        if scheme[1].lower() != "file":
            raise UnknownStoreError(scheme[1], known=("file",))
        address = unquote(urlsplit(address).path)
    return LocalContentStore(Path(address).absolute())
