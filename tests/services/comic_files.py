"""Comics as files that the tests make, and short ways to import them and to see what is there."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId, table_of
from dam.core.world import World
from dam.models import (
    ComicBookConceptComponent,
    ComicBookTermComponent,
    ComicBookVariantComponent,
    ComicInfoElementComponent,
    PageLink,
)
from dam.services.comic_import_service import ComicImportOptions, ComicOutcome, import_comics
from dam.services.page_service import list_pages
from tests.media.drawing import landscape

SMALL = (40, 60)


def picture(seed: int, form: str = "JPEG") -> bytes:
    """Return an encoded picture, another one for each seed."""
    encoded = io.BytesIO()
    landscape(SMALL, seed).save(encoded, form)
    return encoded.getvalue()


def picture_like(content: bytes, form: str) -> bytes:
    """Return a picture in another format."""
    encoded = io.BytesIO()
    with Image.open(io.BytesIO(content)) as opened:
        opened.save(encoded, form)
    return encoded.getvalue()


def pages(count: int, first_seed: int = 0) -> dict[str, bytes]:
    """Return pictures by names whose natural order is not that of the alphabet."""
    return {f"page {n}.jpg": picture(first_seed + n) for n in range(1, count + 1)}


def make_cbz(path: Path, members: Mapping[str, bytes], comic_info: str | None = None) -> Path:
    """Make an archive; `comic_info` is what stands within the root of a ComicInfo.xml."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        if comic_info is not None:
            archive.writestr("ComicInfo.xml", document(comic_info))
    return path


def document(inner: str) -> str:
    """Return a ComicInfo.xml."""
    return f'<?xml version="1.0"?>\n<ComicInfo>{inner}</ComicInfo>'


def damage(path: Path, content: bytes) -> None:
    """Change a byte in the middle of a member that was stored with this content."""
    raw = bytearray(path.read_bytes())
    place = raw.index(content) + len(content) // 2
    raw[place] ^= 0xFF
    path.write_bytes(raw)


async def import_all(world: World, *paths: Path, **options: Any) -> list[ComicOutcome]:
    """Import comics; what is to be done for their pages stays to be done."""
    outcomes: list[ComicOutcome] = []
    chosen = ComicImportOptions(**options)
    await import_comics(world, list(map(str, paths)), chosen, outcomes.append)
    return outcomes


async def import_one(world: World, path: Path, **options: Any) -> ComicOutcome:
    """Import one comic."""
    (outcome,) = await import_all(world, path, **options)
    return outcome


async def page_names(world: World, variant: EntityId | None) -> list[str | None]:
    """Return what the pages of a variant are called, in order."""
    assert variant is not None
    return [page.name for page in await world.read(list_pages, variant)]


async def rows_of(session: AsyncSession, variant: EntityId) -> dict[str, Sequence[Any]]:
    """Return what is recorded of a variant and its concept, without ids of rows and entities."""
    said = select(ComicInfoElementComponent).where(ComicInfoElementComponent.entity_id == variant)
    elements = await session.scalars(said.order_by(ComicInfoElementComponent.position))
    link = table_of(PageLink).c
    listed = (
        select(
            link.page_number,
            link.page_image_entity_id,
            link.page_type,
            link.is_double_page,
            link.attributes,
        )
        .where(link.owner_entity_id == variant)
        .order_by(link.page_number)
    )
    facts = await session.get(ComicBookVariantComponent, variant)
    assert facts is not None
    term = ComicBookTermComponent
    terms = select(term.kind, term.name, term.position).where(
        term.entity_id == facts.conceptual_entity_id
    )
    concept = await session.get(ComicBookConceptComponent, facts.conceptual_entity_id)
    assert concept is not None
    return {
        "elements": [(row.name, row.value, row.is_markup) for row in elements],
        "pages": [tuple(row) for row in await session.execute(listed)],
        "variant": [facts.language, facts.format, facts.scan_group, facts.reading_direction],
        "terms": [tuple(row) for row in await session.execute(terms)],
        "concept": [concept.name, concept.series_title, concept.issue_number, concept.publisher],
        "facts": [*_said(facts), *_said(concept)],
    }


def _said(row: ComicBookConceptComponent | ComicBookVariantComponent) -> list[tuple[str, Any]]:
    own = ("entity_id", "conceptual_entity_id", "is_primary_variant")
    columns = type(row).__mapper__.column_attrs.keys()
    return [(name, getattr(row, name)) for name in columns if name not in own]
