"""The marks in a local store of the worlds that keep bytes there: `<root>/.worlds/<uuid>`."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from dam.storage.content_store import MarkKind, StoreOwner
from dam.storage.layout import sync_folders
from dam.storage.privacy import FILE_MODE

_FOLDER_NAME = ".worlds"
_ANEW = "begun anew, because the store before was lost"


def mark_owner(root: Path, owner: StoreOwner, *, is_anew: bool = False) -> None:
    """Write down that a world keeps bytes here, so that it survives a power cut.

    `is_anew` says that it kept others in a store that is lost; that stays in the mark.
    """
    mark = _mark(root, owner.uuid)
    if mark.exists() and not is_anew:
        return
    mark.parent.mkdir(mode=0o700, exist_ok=True)
    written = mark.with_name(f"{mark.name}.{secrets.token_hex(4)}.part")
    with written.open("w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f"{owner.database}\n" + (f"{_ANEW}\n" if is_anew else ""))
        file.flush()
        os.fchmod(file.fileno(), FILE_MODE)
        os.fsync(file.fileno())
    written.replace(mark)
    sync_folders([root, mark.parent])


def mark_kind(root: Path, uuid: str) -> MarkKind:
    """Return whether the world has a mark here, and whether it began anew here."""
    try:
        lines = _mark(root, uuid).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return "none"
    return "anew" if _ANEW in lines[1:] else "kept"


def owners(root: Path) -> Iterator[StoreOwner]:
    """Yield the worlds that have put bytes here and were not forgotten since, by their UUIDs."""
    marks = root / _FOLDER_NAME
    for mark in sorted(marks.iterdir()) if marks.is_dir() else ():
        if "." in mark.name:  # not written to its end
            continue
        lines = mark.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        yield StoreOwner(uuid=mark.name, database=lines[0] if lines else "")


def forget_owner(root: Path, uuid: str) -> None:
    """Take the mark of a world away, where there is one."""
    _mark(root, uuid).unlink(missing_ok=True)


def _mark(root: Path, uuid: str) -> Path:
    return root / _FOLDER_NAME / uuid
