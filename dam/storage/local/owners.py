"""Reads and writes a local store's marks of worlds: one file each, `<root>/.worlds/<uuid>`."""

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dam.storage.content_store import BegunAnew, StoreMark, StoreOwner
from dam.storage.local.layout import content_files, sync_folders
from dam.storage.privacy import FILE_MODE

_FOLDER_NAME = ".worlds"
# Older versions wrote no name, or no numbers. If such a mark says that the store was begun anew, it
# is not known what the store must contain; it is judged like any other store.
_ANEW = "begun anew as {}, because the store before was lost; new from place {}"
_EDITION = "edition {}"
_LACKING = "files were here without any mark: those of other worlds may be lost"
_BEGUN_ANEW = re.compile(rf"^{_ANEW.format('([0-9a-f]+)', '([0-9]+)')}$", re.MULTILINE)
_NAMED = re.compile(rf"^{_EDITION.format('([0-9a-f]+)')}$", re.MULTILINE)


def mark_owner(root: Path, owner: StoreOwner, *, anew: BegunAnew | None = None) -> None:
    """Write the mark of a world that keeps bytes here, so that it survives a power cut.

    A mark that is there keeps its database. It takes the owner's newest edition, unless it has an
    edition that the owner does not know: then another database has stored more than the owner.

    Args:
        root: The store's folder.
        owner: The world.
        anew: Given where the store is begun anew: the mark says so, and a mark that was there is
            kept only if the store has files.
    """
    found = mark_of(root, owner.uuid)
    has_files = any(content_files(root)) if found is None or anew is not None else True
    mark = found if has_files else None
    if mark is None:
        mark = StoreMark(owner.database, may_lack_others=has_files and not any(owners(root)))
    if anew is not None:
        mark = replace(mark, anew=anew)
    if owner.editions and mark.is_known_to(owner):
        mark = replace(mark, edition=owner.editions[0])
    if mark != found:
        _write(root, owner.uuid, mark)


def take_over(root: Path, owner: StoreOwner) -> None:
    """Remove the marks of all other worlds; write this database into the mark of this world."""
    for other in owners(root):
        if other.uuid != owner.uuid:
            forget_owner(root, other.uuid)
    if mark := mark_of(root, owner.uuid):
        edition = owner.editions[0] if owner.editions else None
        taken = StoreMark(owner.database, edition, anew=mark.anew)
        if taken != mark:
            _write(root, owner.uuid, taken)


def mark_of(root: Path, uuid: str) -> StoreMark | None:
    """Return the mark of a world, or None if it has none."""
    try:
        return _read(_path(root, uuid))
    except (FileNotFoundError, NotADirectoryError):
        return None


def owners(root: Path) -> Iterator[StoreOwner]:
    """Yield the worlds that have a mark here, in the order of their UUIDs."""
    marks = root / _FOLDER_NAME
    for mark in sorted(marks.iterdir()) if marks.is_dir() else ():
        if "." not in mark.name:  # else it is a temporary file of `_write`
            yield StoreOwner(uuid=mark.name, database=_read(mark).database)


def forget_owner(root: Path, uuid: str) -> None:
    """Remove the mark of a world, if it has one."""
    _path(root, uuid).unlink(missing_ok=True)


def _read(path: Path) -> StoreMark:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    database, *rest = text.splitlines() or [""]
    rest_text = "\n".join(rest)
    edition, anew = _NAMED.search(rest_text), _BEGUN_ANEW.search(rest_text)
    return StoreMark(
        database,
        edition[1] if edition else None,
        may_lack_others=_LACKING in rest,
        anew=BegunAnew(anew[1], int(anew[2])) if anew else None,
    )


def _write(root: Path, uuid: str, mark: StoreMark) -> None:
    path = _path(root, uuid)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    lines = [mark.database]
    if mark.edition is not None:
        lines.append(_EDITION.format(mark.edition))
    if mark.may_lack_others:
        lines.append(_LACKING)
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
