"""Changes and views of comics that refuse what is most likely a mistake. Nothing here commits."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.portions import portions
from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.errors import (
    ConceptNotVariantError,
    NoComicConceptError,
    NoPagesOwnerError,
    NotAComicError,
    NotAPictureError,
    PageBeyondEndError,
    SameConceptError,
)
from dam.media.comic.name import fold_title, issue_key
from dam.models import (
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    FilePropertiesComponent,
    PageLink,
)
from dam.services import ecs_service, page_service
from dam.services.comic_book_service import (
    PageUse,
    create_comic_book_concept,
    describe_page_uses,
    get_comic_concept_for_variant,
)
from dam.services.page_service import EditedPages, PageFacts

_PAGE = 500
_COMIC_TYPES = frozenset(
    {
        *("application/zip", "application/x-rar", "application/x-7z-compressed"),
        *("application/x-tar", "application/gzip", "application/x-bzip2", "application/x-xz"),
        *("application/zstd", "application/pdf", "application/epub+zip", "image/vnd.djvu"),
        "application/x-mobipocket-ebook",
    }
)
IDENTIFYING = (
    "comic_title",
    "series_title",
    "issue_number",
    "volume",
    "publication_year",
    "publisher",
)


async def create_new_concept(
    session: AsyncSession,
    comic_title: str,
    series_title: str | None = None,
    issue_number: str | None = None,
    publication_year: int | None = None,
    *,
    volume: int | None = None,
    publisher: str | None = None,
    is_forced: bool = False,
) -> EntityId:
    """Create a concept as `create_comic_book_concept` does, unless one has the same facts.

    Example: `await create_new_concept(session, "Doom", "Spidey", "5", 1963, is_forced=True)`.

    Args:
        session: The caller commits it.
        comic_title: The title of this comic itself; not blank.
        series_title: The series that it belongs to; not blank.
        issue_number: As printed.
        publication_year: Such as 1963.
        volume: Of the series.
        publisher: Such as "Marvel".
        is_forced: Create it even if there is such a concept.

    Raises:
        SameConceptError: A concept has these facts, however they are written: `Doom` is `DOOM`,
            `1` is `001`, and a title that repeats the series, or series and number, is none.
        FactRefusedError: As for `create_comic_book_concept`.
    """
    entity_id = await create_comic_book_concept(
        session,
        comic_title,
        series_title,
        issue_number,
        publication_year,
        volume=volume,
        publisher=publisher,
    )
    if not is_forced:
        await refuse_same(session, entity_id)
    return entity_id


async def refuse_same(session: AsyncSession, concept_entity_id: EntityId) -> None:
    """Raise if another concept has the facts by which people tell this one from others.

    Raises:
        SameConceptError: As for `create_new_concept`.
        NoComicConceptError: The entity is not a comic concept.
    """
    kind = ComicBookConceptComponent
    concept = await ecs_service.get_component(session, concept_entity_id, kind)
    if concept is None:
        raise NoComicConceptError(concept_entity_id)
    wanted = _comparable(*(getattr(concept, name) for name in IDENTIFYING))
    alike = select(kind).where(
        kind.title_key == concept.title_key, kind.entity_id != concept_entity_id
    )
    for found in await session.scalars(alike.order_by(kind.entity_id)):
        if _comparable(*(getattr(found, name) for name in IDENTIFYING)) == wanted:
            raise SameConceptError(found.entity_id, found.name)


async def add_pictures(
    session: AsyncSession,
    variant_entity_id: EntityId,
    image_entity_ids: Sequence[EntityId],
    *,
    at: int | None = None,
    page_type: str | None = None,
    is_double_page: bool = False,
    is_forced: bool = False,
) -> EditedPages:
    """Insert pictures as pages as `page_service.add_pages` does; return the new pages.

    Example: `await add_pictures(session, variant, [cover], at=1, page_type="FrontCover")`.

    Args:
        session: The caller commits it.
        variant_entity_id: A variant, or another entity that has pages.
        image_entity_ids: The pictures.
        at: The number of the first one; None puts them behind the last page.
        page_type: As in `Page`.
        is_double_page: Whether they are double pages.
        is_forced: Give pages to any entity but a concept.

    Raises:
        NotAPictureError: An asset is known to be something else.
        NoPagesOwnerError, ConceptNotVariantError: The entity is no variant.
        PageBeyondEndError: The number would leave a gap.
        DamError: As for `page_service.add_pages`.
    """
    await _require_pictures(session, image_entity_ids)
    last = await _last_number(session, variant_entity_id, is_forced=is_forced)
    if at is not None and at > last + 1:
        raise PageBeyondEndError(variant_entity_id, at, last + 1)
    return await page_service.add_pages(
        session,
        variant_entity_id,
        image_entity_ids,
        at=at,
        page_type=page_type,
        is_double_page=is_double_page,
    )


async def move_page_within(
    session: AsyncSession, variant_entity_id: EntityId, page_number: int, to_number: int
) -> EditedPages:
    """Move a page to another number as `page_service.renumber_page` does; return all pages.

    Example: `await move_page_within(session, variant, 4, 1)`.

    Args:
        session: The caller commits it.
        variant_entity_id: The entity that has the page.
        page_number: The present number.
        to_number: The new number.

    Raises:
        PageBeyondEndError: The number is higher than that of the last page.
        DamError: As for `page_service.renumber_page`.
    """
    pages = await page_service.list_pages(session, variant_entity_id)
    last = max((page.page_number for page in pages), default=0)
    if last and to_number > last:
        raise PageBeyondEndError(variant_entity_id, to_number, last)
    return await page_service.renumber_page(session, variant_entity_id, page_number, to_number)


async def reorder_pictures(
    session: AsyncSession,
    variant_entity_id: EntityId,
    image_entity_ids: Sequence[EntityId],
    *,
    drops_others: bool = False,
    is_forced: bool = False,
) -> EditedPages:
    """Replace all pages as `page_service.reorder_pages` does; return all pages.

    Example: `await reorder_pictures(session, variant, [back, front], drops_others=True)`.

    Args:
        session: The caller commits it.
        variant_entity_id: A variant, or another entity that has pages.
        image_entity_ids: The pictures in their new order.
        drops_others: Allow leaving out pages; they are removed.
        is_forced: Give pages to any entity but a concept.

    Raises:
        NotAPictureError, NoPagesOwnerError, ConceptNotVariantError: As for `add_pictures`.
        DamError: As for `page_service.reorder_pages`.
    """
    pages = await page_service.list_pages(session, variant_entity_id)
    new = set(image_entity_ids).difference(page.entity_id for page in pages)
    await _require_pictures(session, sorted(new))
    await _last_number(session, variant_entity_id, is_forced=is_forced)
    return await page_service.reorder_pages(
        session, variant_entity_id, image_entity_ids, drops_others=drops_others
    )


async def reorder_by_name(session: AsyncSession, variant_entity_id: EntityId) -> EditedPages:
    """Order pages as `page_service.reorder_pages_by_name` does; return all pages.

    Args:
        session: The caller commits it.
        variant_entity_id: A variant, or another entity that has pages.

    Raises:
        EntityNotFoundError: There is no such entity.
        NoComicVariantError, ConceptNotVariantError: It is no variant and has no pages.
    """
    await view_pages(session, variant_entity_id)
    return await page_service.reorder_pages_by_name(session, variant_entity_id)


async def view_pages(session: ReadOnly[AsyncSession], owner_entity_id: EntityId) -> list[PageFacts]:
    """Return the pages of an entity as `list_pages` does; refuse what is no variant and has none.

    A user who asks for the pages of a concept most likely means those of one of its variants.

    Raises:
        EntityNotFoundError: The owner does not exist.
        NoComicVariantError, ConceptNotVariantError: It is no variant and has no pages.
    """
    pages = await page_service.list_pages(session, owner_entity_id)
    if not pages:
        await get_comic_concept_for_variant(session, owner_entity_id)
    return pages


async def view_page_uses(
    session: ReadOnly[AsyncSession],
    page_image_entity_id: EntityId,
    *,
    hidden: ecs_service.Hidden = "leave_out",
) -> list[PageUse]:
    """Return where a picture is a page, as `describe_page_uses` does; refuse what can be none.

    Example: `await view_page_uses(session, 56, hidden="include")`.

    Args:
        session: Only read.
        page_image_entity_id: The picture.
        hidden: Whether variants in the trash are left out.

    Raises:
        EntityNotFoundError: The picture does not exist.
        NotAPictureError: It is known to be something else, and is no page.
    """
    uses = await describe_page_uses(session, page_image_entity_id, hidden=hidden)
    if not uses:
        await _require_pictures(session, [page_image_entity_id])
    return uses


async def require_comics(
    session: ReadOnly[AsyncSession], entity_ids: Sequence[EntityId], concept_entity_id: EntityId
) -> None:
    """Raise unless each can be a variant: it is one, has pages, or is an archive or a document.

    A file of which the media type is not known yet can be one, too. Concepts are not judged here.

    Raises:
        NotAComicError: An entity is none of these.
    """
    works = (
        select(ComicBookVariantComponent.entity_id),
        select(ComicBookConceptComponent.entity_id),
        select(PageLink.owner_entity_id),
    )
    for page in portions(entity_ids, _PAGE):
        fitting = {concept_entity_id}
        for work in works:
            (column,) = work.selected_columns
            fitting.update(await session.scalars(work.where(column.in_(page))))
        types = await _media_types(session, page)
        for entity_id in page:
            media_type = types.get(entity_id)
            is_file = entity_id in types and media_type in {None, *_COMIC_TYPES}
            if not (is_file or entity_id in fitting):
                raise NotAComicError(entity_id, media_type)


async def _require_pictures(session: AsyncSession, entity_ids: Sequence[EntityId]) -> None:
    """Raise unless each is a picture, or a file of which the media type is not known yet."""
    for page in portions(entity_ids, _PAGE):
        types = await _media_types(session, page)
        for entity_id in page:
            media_type = types.get(entity_id)
            if entity_id not in types or not (media_type or "image/").startswith("image/"):
                raise NotAPictureError(entity_id, media_type)


async def _media_types(
    session: AsyncSession, entity_ids: Sequence[EntityId]
) -> dict[EntityId, str | None]:
    """Return the media types of those entities that are files."""
    file = FilePropertiesComponent
    asked = select(file.entity_id, file.media_type).where(file.entity_id.in_(entity_ids))
    return {row.entity_id: row.media_type for row in await session.execute(asked)}


async def _last_number(session: AsyncSession, entity_id: EntityId, *, is_forced: bool) -> int:
    """Return the number of an entity's last page, or 0; raise if it should have no pages."""
    pages = await page_service.list_pages(session, entity_id)
    if pages:
        return max(page.page_number for page in pages)
    if await ecs_service.get_component(session, entity_id, ComicBookConceptComponent):
        raise ConceptNotVariantError(entity_id)
    is_variant = await ecs_service.get_component(session, entity_id, ComicBookVariantComponent)
    if is_variant is None and not is_forced:
        raise NoPagesOwnerError(entity_id)
    return 0


def _comparable(
    title: str, series: str | None, number: str | None, *others: str | int | None
) -> list[object]:
    """Return facts in a form in which those that mean the same are equal."""
    folded, of_series = fold_title(title), fold_title(series or "")
    is_own = folded not in (of_series, fold_title(f"{series} #{number}"))
    return [
        folded if is_own else None,
        of_series,
        None if number is None else issue_key(number),
        *(fold_title(one) if isinstance(one, str) else one for one in others),
    ]
