"""The marks in a local store of the worlds that keep bytes there: `<root>/.worlds/<uuid>`."""

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dam.storage.content_store import BegunAnew, StoreMark, StoreOwner
from dam.storage.layout import sync_folders
from dam.storage.privacy import FILE_MODE

_FOLDER_NAME = ".worlds"
# Older versions wrote no name, or no numbers. What a store must have that was begun anew then is
# not known: it is judged as any other.
_ANEW = "begun anew as {}, because the store before was lost; new from place {}"
_ENTITY = "last entity {}"
_BEGUN_ANEW = re.compile(rf"^{_ANEW.format('([0-9a-f]+)', '([0-9]+)')}$", re.MULTILINE)
_LAST_ENTITY = re.compile(rf"^{_ENTITY.format('([0-9]+)')}$", re.MULTILINE)


def mark_owner(root: Path, owner: StoreOwner, *, anew: BegunAnew | None = None) -> None:
    """Write down that a world keeps bytes here, so that it survives a power cut.

    Of what is written there only the last entity's id changes, to a higher one; that, and all else,
    is of the database that marks where the store is begun anew, with `anew`.
    """
    mark = None if anew is not None else mark_of(root, owner.uuid)
    if mark is None:
        _write(root, owner.uuid, StoreMark(owner.database, owner.last_entity_id, anew))
    elif mark.last_entity_id < owner.last_entity_id:
        _write(root, owner.uuid, replace(mark, last_entity_id=owner.last_entity_id))


def take_over(root: Path, owner: StoreOwner) -> None:
    """Take all other worlds' marks away, and have that of this one name this database alone."""
    for other in owners(root):
        if other.uuid != owner.uuid:
            forget_owner(root, other.uuid)
    if mark := mark_of(root, owner.uuid):
        taken = StoreMark(owner.database, owner.last_entity_id, mark.anew)
        if taken != mark:
            _write(root, owner.uuid, taken)


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
    rest_text = "\n".join(rest)
    last, anew = _LAST_ENTITY.search(rest_text), _BEGUN_ANEW.search(rest_text)
    return StoreMark(
        database, int(last[1]) if last else 0, BegunAnew(anew[1], int(anew[2])) if anew else None
    )


def _write(root: Path, uuid: str, mark: StoreMark) -> None:
    path = _path(root, uuid)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    lines = [mark.database, _ENTITY.format(mark.last_entity_id)]
    if mark.anew is not None:
        lines.append(_ANEW.format(mark.anew.name, mark.anew.first_place_id))
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
