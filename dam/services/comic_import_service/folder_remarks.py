"""Remarks on the files of a comic, and on what is beside its pages in a folder."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from dam.services.comic_import_service.known import RecordedComic
from dam.services.comic_import_service.sources import FolderSource
from dam.services.import_service import FileOutcome
from dam.services.page_service import get_ordered_pages
from dam.storage.content_store import ImportMode


async def others_in_folder(
    session: AsyncSession,
    folder: FolderSource,
    known: RecordedComic,
    files: Mapping[str, FileOutcome],
) -> list[str]:
    """Return the names of the pictures in a folder that are not pages of its comic."""
    assert known.variant_entity_id is not None
    pages = set(await get_ordered_pages(session, known.variant_entity_id))
    return [
        name
        for name in folder.names
        if (file := files[folder.files[name].path]).error is None and file.entity_id not in pages
    ]


def remarks_on_others(others: Sequence[str], mode: ImportMode) -> list[str]:
    """Return a remark on pictures that are not pages of the comic, if there are any."""
    if not others:
        return []
    is_one = len(others) == 1
    what = "picture is not a page" if is_one else "pictures are not pages"
    stay = f", and {'stays' if is_one else 'stay'}" if mode == "move" else ""
    return [f"{len(others)} {what} of this comic{stay}; the first: {others[0]}"]


def remarks_on_skipped(folder: FolderSource) -> list[str]:
    """Return a remark on entries that are named like pages and were skipped, if any."""
    if not folder.skipped:
        return []
    first, *others = folder.skipped
    more = f" and {len(others)} more" if others else ""
    return [f"{Path(first.path).name}{more} skipped: {first.reason}"]


def remarks_on_inheritance(files: Iterable[FileOutcome]) -> list[str]:
    """Say how many files have taken over tags or pages of what they replace."""
    count = sum(file.inherited_from is not None for file in files)
    what = "file kept tags or pages of what it replaces"
    several = f"{count} files kept tags or pages of what they replace"
    return [] if not count else [f"1 {what}" if count == 1 else several]
