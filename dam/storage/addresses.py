"""Opens the content store at an address."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dam.errors import UnknownStoreError
from dam.storage.content_store import ContentStore
from dam.storage.local.store import LocalContentStore

__all__ = ["ContentStore", "open_store"]

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def open_store(address: str | Path) -> ContentStore:
    """Return the content store at an address: the path of a folder, or its `file://` URL.

    Neither opens nor makes the folder.

    Raises:
        UnknownStoreError: The address has another scheme than `file`, for example `s3://`.
    """
    if isinstance(address, str) and (scheme := _ADDRESS.match(address)):
        if scheme[1].lower() != "file":
            raise UnknownStoreError(scheme[1], known=("file",))
        address = unquote(urlsplit(address).path)
    return LocalContentStore(Path(address).absolute())
