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
from dam.errors import ItemError, NoContentError, NothingToExportError, PageExportError
from dam.media.comic.info_xml import write_comic_info
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
class ExportedComic:
    """The file or folder that a variant was exported to; after a dry run, would be exported to.

    Attributes:
        variant_entity_id: The variant.
        path: The file or folder.
        format: What it is.
        pages: How many it has.
        converted: The pages whose pictures a PDF cannot hold as they are; empty after a dry run.
    """

    variant_entity_id: EntityId
    path: Path
    format: ComicFormat
    pages: int
    converted: tuple[ConvertedPage, ...] = ()


class _Page(NamedTuple):
    entity_id: EntityId
    name: str
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
    it cannot hold; if it cannot hold these either, they are converted without visible loss. The
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
        PageExportError: A page cannot be read, or cannot be put into a PDF; nothing was written.
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
    store = world.resources.get(FileOperationsResource).store
    writer = WRITERS[format_](target, store)
    try:
        await asyncio.to_thread(writer.begin)
        converted = await _add_pages(world, writer, pages, on_page)
        await asyncio.to_thread(writer.finish, comic_info)
    finally:
        await asyncio.to_thread(writer.discard)
    return replace(exported, converted=tuple(converted))


async def _add_pages(
    world: World,
    writer: ComicWriter,
    pages: Sequence[_Page],
    on_page: Callable[[int, int], None],
) -> list[ConvertedPage]:
    converted: list[ConvertedPage] = []
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
                    places[page.entity_id],
                    page.size_bytes,
                    times.get(page.entity_id),
                )
                old_format = await asyncio.to_thread(writer.add_page, file)
            except ItemError as error:
                await tell_missing_store(world, error)
                raise PageExportError(number, error) from error
            if old_format is not None:
                converted.append(ConvertedPage(number, old_format))
            on_page(number, len(pages))
    return converted


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
            f"{number:0{digits}}{_suffix(row.media_type, row.name_text)}",
            row.size_bytes or 0,
        )
        for number, row in enumerate(rows, start=1)
    ]
    return write_comic_info(info), pages


def _suffix(media_type: str | None, name: str | None) -> str:
    """Return the extension for a media type; for an unknown one, the extension of the old name."""
    return _SUFFIXES.get(media_type or "") or PurePosixPath(name or "").suffix.lower()
