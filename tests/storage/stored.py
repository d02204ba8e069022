"""Contents of stores, and who they belong to, for the tests of these."""

import hashlib
from pathlib import Path

from dam.storage.content_store import ContentStore, ImportMode, StoreOwner
from dam.storage.local.store import LocalContentStore

STORING_MODES: list[ImportMode] = ["copy", "hardlink", "move"]
DAY_S = 86_400.0
FAR_FUTURE_S = 4_000_000_000.0
OWNER = StoreOwner(uuid="0" * 32, database="sqlite:////photos.db")
OTHER_OWNER = StoreOwner(uuid="1" * 32, database="sqlite:////scans.db")


def made_store(root: Path) -> LocalContentStore:
    """Return a store whose folder is there."""
    store = LocalContentStore(root)
    store.make()
    return store


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(store: ContentStore, digest: bytes) -> bytes:
    return store.local_path(digest).read_bytes()
