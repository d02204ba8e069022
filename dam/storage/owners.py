"""The marks in a local store of the worlds that keep bytes there: `<root>/.worlds/<uuid>`."""

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from dam.storage.content_store import StoreMark, StoreOwner
from dam.storage.layout import sync_folders
from dam.storage.privacy import FILE_MODE

_FOLDER_NAME = ".worlds"
# Older versions wrote no number. What such a store must have is not known: it is as any other.
_ANEW = "begun anew, because the store before was lost; new from place {}"
_NEW_FROM = re.compile(re.escape(_ANEW).replace(r"\{\}", r"(\d+)"))


def mark_owner(root: Path, owner: StoreOwner, *, new_from: int | None = None) -> None:
    """Write down that a world keeps bytes here, so that it survives a power cut.

    What there is stays as it is, but where the store is begun anew, with `new_from`.
    """
    if new_from is not None or mark_of(root, owner.uuid) is None:
        _write(root, owner.uuid, StoreMark(owner.database, new_from))


def mark_of(root: Path, uuid: str) -> StoreMark | None:
    """Return the mark of a world, or None where it has none."""
    try:
        return _read(_path(root, uuid))
    except (FileNotFoundError, NotADirectoryError):
        return None


def owners(root: Path) -> Iterator[StoreOwner]:
    """Yield the worlds that have put bytes here and were not forgotten since, by their UUIDs."""
    marks = root / _FOLDER_NAME
    for mark in sorted(marks.iterdir()) if marks.is_dir() else ():
        if "." not in mark.name:  # else it was not written to its end
            yield StoreOwner(uuid=mark.name, database=_read(mark).database)


def forget_owner(root: Path, uuid: str) -> None:
    """Take the mark of a world away, where there is one."""
    _path(root, uuid).unlink(missing_ok=True)


def _read(path: Path) -> StoreMark:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    database, *rest = text.splitlines() or [""]
    found = next(filter(None, map(_NEW_FROM.fullmatch, rest)), None)
    return StoreMark(database, new_from=int(found[1]) if found else None)


def _write(root: Path, uuid: str, mark: StoreMark) -> None:
    path = _path(root, uuid)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    lines = [mark.database]
    if mark.new_from is not None:
        lines.append(_ANEW.format(mark.new_from))
    written = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    with written.open("w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fchmod(file.fileno(), FILE_MODE)
        os.fsync(file.fileno())
    written.replace(path)
    sync_folders([root, path.parent])


def _path(root: Path, uuid: str) -> Path:
    return root / _FOLDER_NAME / uuid
