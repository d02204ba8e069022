"""The marks in a local store of the worlds that keep bytes there: `<root>/.worlds/<uuid>`."""

import os
from collections.abc import Iterator
from pathlib import Path

from dam.storage.content_store import StoreOwner
from dam.storage.layout import sync_folders

_FOLDER_NAME = ".worlds"


def mark_owner(root: Path, owner: StoreOwner) -> None:
    """Write down that a world keeps bytes here, so that it survives a power cut."""
    mark = _mark(root, owner.uuid)
    if mark.exists():
        return
    mark.parent.mkdir(mode=0o700, exist_ok=True)
    with mark.open("w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f"{owner.database}\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folders([root, mark.parent])


def owners(root: Path) -> Iterator[StoreOwner]:
    """Yield the worlds that have put bytes here and were not forgotten since, by their UUIDs."""
    marks = root / _FOLDER_NAME
    for mark in sorted(marks.iterdir()) if marks.is_dir() else ():
        database = mark.read_text(encoding="utf-8", errors="surrogateescape").strip()
        yield StoreOwner(uuid=mark.name, database=database)


def forget_owner(root: Path, uuid: str) -> None:
    """Take the mark of a world away, where there is one."""
    _mark(root, uuid).unlink(missing_ok=True)


def _mark(root: Path, uuid: str) -> Path:
    return root / _FOLDER_NAME / uuid
