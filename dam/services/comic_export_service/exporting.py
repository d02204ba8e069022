"""Exports a variant of a comic: its pages and its ComicInfo.xml, as a file or a folder."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import (
    ItemError,
    NoContentError,
    NothingToExportError,
    PageExportError,
    TornPictureError,
)
from dam.media.comic.info_xml import write_comic_info
from dam.media.document.values import AddedPage
from dam.models import FilePropertiesComponent, PageLink
from dam.services import content_service
from dam.services.comic_export_service.writers import (
    WRITERS,
    ComicFormat,
    ComicWriter,
    PageFile,
    comic_format,
)
from dam.services.comic_info_service import get_comic_info
from dam.services.file_operations import FileOperationsResource
from dam.services.store_service import tell_missing_store

_LOCATED_AT_ONCE = 200
_FEWEST_DIGITS = 3
_SUFFIXES = {
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/jp2": ".jp2",
    "image/jpeg": ".jpg",
    "image/jxl": ".jxl",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/webp": ".webp",
}


@dataclass(frozen=True)
class ConvertedPage:
    """A page that was converted without visible loss, and the format of its picture: `WEBP`."""

    page_number: int
    format: str


@dataclass(frozen=True, kw_only=True)
class UnshownPage:
    """A page of a PDF that shows its picture only in part, or its name only.

    Attributes:
        page_number: From 1.
        name: The name of the file that the page came from.
        error: The error class of what is wrong with the picture.
        message: The text of the error.
        hint: What to do about it.
    """

    page_number: int
    name: str
    error: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExportedComic:
    """The file or folder that a variant was exported to; after a dry run, would be exported to.

    Attributes:
        variant_entity_id: The variant.
        path: The file or folder.
        format: What it is.
        pages: How many it has.
        converted: The pages whose pictures a PDF cannot hold as they are; empty after a dry run.
        failed_pages: The pages of a PDF that do not show all of their pictures, likewise.
    """

    variant_entity_id: EntityId
    path: Path
    format: ComicFormat
    pages: int
    converted: tuple[ConvertedPage, ...] = ()
    failed_pages: tuple[UnshownPage, ...] = ()


class _Page(NamedTuple):
    entity_id: EntityId
    name: str
    old_name: str
    size_bytes: int


async def export_comic(
    world: World,
    variant_entity_id: EntityId,
    target: Path,
    on_page: Callable[[int, int], None] = lambda _done, _all: None,
    *,
    is_dry_run: bool = False,
) -> ExportedComic:
    """Export a variant's pages and its ComicInfo.xml; the name of the target decides the format.

    Pages are exported with the bytes of their assets. A PDF gets the pixels of pictures whose bytes
    it cannot hold; if it cannot hold these either, they are converted without visible loss. A
    picture that cannot be decoded has a page with its name instead, unless there are no others. The
    same rows always give the same bytes. Existing files are never overwritten, and the target
    appears only when it is complete.

    Example: `await export_comic(world, variant, Path("Doom 5.cbz"))`.

    Args:
        world: The world of the variant.
        variant_entity_id: The variant to export.
        target: A name that ends in `.cbz` or `.pdf`; any other name is a folder that is made.
        on_page: Called after each page with the number of finished pages and of all pages.
        is_dry_run: Write nothing; return what would be written.

    Raises:
        EntityNotFoundError, NoComicVariantError: There is no such variant.
        NothingToExportError: The variant has no pages.
        ComicTargetTakenError: The target exists already.
        ComicTargetFormatError: The target's format cannot be written, such as `.cbr`.
        StoreNotThereError: The store as a whole is missing; nothing was written.
        PageExportError: The bytes of a page cannot be read, or no page can be put into a PDF;
            nothing was written.
        OutputFolderError: The target's folder is missing, not writable or full.
        MissingExtraError: A PDF needs the extra `comics`.
    """
    format_ = await asyncio.to_thread(comic_format, target)
    comic_info, pages = await world.read(_read_variant, variant_entity_id)
    exported = ExportedComic(
        variant_entity_id=variant_entity_id, path=target, format=format_, pages=len(pages)
    )
    if is_dry_run:
        return exported
    writer = WRITERS[format_](target, world.resources.get(FileOperationsResource))
    try:
        await asyncio.to_thread(writer.begin)
        added = await _add_pages(world, writer, pages, on_page)
        await asyncio.to_thread(writer.finish, comic_info)
    finally:
        await asyncio.to_thread(writer.discard)
    return replace(exported, converted=_converted(added), failed_pages=_unshown(pages, added))


async def _add_pages(
    world: World,
    writer: ComicWriter,
    pages: Sequence[_Page],
    on_page: Callable[[int, int], None],
) -> list[AddedPage]:
    """Write the pages; return what became of each."""
    added: list[AddedPage] = []
    for batch in portions(list(enumerate(pages, start=1)), _LOCATED_AT_ONCE):
        assets = {page.entity_id for _, page in batch}
        places = await world.read(content_service.locate, assets)
        times = await world.read(content_service.times_of, assets)
        for number, page in batch:
            try:
                if page.entity_id not in places:
                    raise NoContentError(page.entity_id)
                file = PageFile(
                    page.name,
                    page.old_name,
                    places[page.entity_id],
                    page.size_bytes,
                    times.get(page.entity_id),
                )
                added.append(await asyncio.to_thread(writer.add_page, file))
            except ItemError as error:
                await tell_missing_store(world, error)
                raise PageExportError(number, error) from error
            on_page(number, len(pages))
    _refuse_nothing(added)
    return added


def _refuse_nothing(added: Sequence[AddedPage]) -> None:
    """Raise `PageExportError` if no page shows anything of its picture."""
    faults = [
        one.fault for one in added if one.fault and not isinstance(one.fault, TornPictureError)
    ]
    if len(faults) == len(added):
        raise PageExportError(1, faults[0])


def _converted(added: Sequence[AddedPage]) -> tuple[ConvertedPage, ...]:
    formats = enumerate((one.converted for one in added), start=1)
    return tuple(ConvertedPage(number, found) for number, found in formats if found)


def _unshown(pages: Sequence[_Page], added: Sequence[AddedPage]) -> tuple[UnshownPage, ...]:
    return tuple(
        UnshownPage(
            page_number=number,
            name=page.old_name,
            error=type(one.fault).__name__,
            message=one.fault.message,
            hint=one.fault.hint,
        )
        for number, (page, one) in enumerate(zip(pages, added, strict=True), start=1)
        if one.fault
    )


async def _read_variant(
    session: AsyncSession, variant_entity_id: EntityId
) -> tuple[bytes, list[_Page]]:
    """Return the document of a variant as XML, and its pages with names such as `001.jpg`."""
    info = await get_comic_info(session, variant_entity_id)
    file, link = FilePropertiesComponent, PageLink
    described = (
        select(link.page_image_entity_id, file.size_bytes, file.media_type, file.name_text)
        .outerjoin(file, file.entity_id == link.page_image_entity_id)
        .where(link.owner_entity_id == variant_entity_id)
        .order_by(link.page_number)
    )
    rows = (await session.execute(described)).all()
    if not rows:
        raise NothingToExportError(variant_entity_id)
    digits = max(_FEWEST_DIGITS, len(str(len(rows))))
    pages = [
        _Page(
            row.page_image_entity_id,
            name := f"{number:0{digits}}{_suffix(row.media_type, row.name_text)}",
            row.name_text or name,
            row.size_bytes or 0,
        )
        for number, row in enumerate(rows, start=1)
    ]
    return write_comic_info(info), pages


def _suffix(media_type: str | None, name: str | None) -> str:
    """Return the extension for a media type; for an unknown one, the extension of the old name."""
    return _SUFFIXES.get(media_type or "") or PurePosixPath(name or "").suffix.lower()
