"""Views of a comic for display: a concept with its variants, or a variant with its document."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.changes import Change, RowChange
from dam.core.ecs.components import EntityId, table_of
from dam.core.read_only import ReadOnly
from dam.errors import NoComicVariantError
from dam.models import ComicBookConceptComponent, ComicBookVariantComponent
from dam.services import ecs_service
from dam.services.comic_book_service import (
    ComicConcept,
    ComicVariant,
    describe_comic_concepts,
    describe_comic_variants,
    get_variants_for_comic_concept,
)
from dam.services.comic_edit_service.checked import IDENTIFYING, refuse_same
from dam.services.comic_edit_service.editing import edit_comic
from dam.services.comic_info_service import get_comic_info, get_own_elements


@dataclass(frozen=True, kw_only=True)
class ConceptView:
    """A concept and its variants, the primary one first."""

    concept: ComicConcept
    variants: tuple[ComicVariant, ...]


@dataclass(frozen=True, kw_only=True)
class VariantView:
    """A variant, its concept, and the texts of its ComicInfo.xml by name of element.

    `comic_info` is empty if the variant has no document of its own.
    """

    variant: ComicVariant
    concept: ComicConcept | None
    comic_info: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ComicEdit:
    """A concept or a variant after an edit, and the change, for `undo`."""

    view: ConceptView | VariantView
    change: Change


async def view_comic(
    session: ReadOnly[AsyncSession],
    entity_id: EntityId,
    *,
    hidden: ecs_service.Hidden = "leave_out",
) -> ConceptView | VariantView:
    """Return the view of a concept or of a variant.

    Example: `await view_comic(session, issue, hidden="include")`.

    Args:
        session: Only read.
        entity_id: A concept or a variant.
        hidden: Whether variants of a concept that are in the trash are left out.

    Raises:
        EntityNotFoundError: There is no such entity.
        NoComicVariantError: The entity is neither a concept nor a variant.
    """
    if await ecs_service.get_component(session, entity_id, ComicBookConceptComponent):
        (concept,) = await describe_comic_concepts(session, [entity_id])
        variants = await list_variants(session, entity_id, hidden=hidden)
        return ConceptView(concept=concept, variants=tuple(variants))
    if not await ecs_service.get_component(session, entity_id, ComicBookVariantComponent):
        raise NoComicVariantError(entity_id)
    (variant,) = await describe_comic_variants(session, [entity_id])
    of_work = [] if variant.concept_entity_id is None else [variant.concept_entity_id]
    concepts = await describe_comic_concepts(session, of_work) if of_work else []
    info = await get_own_elements(session, entity_id)
    if info.elements:  # a document made from facts alone would repeat what the view shows already
        info = await get_comic_info(session, entity_id)
    texts: dict[str, str] = {}
    for element in info.elements:
        if not (element.name.startswith(("@", "#")) or element.is_page_list):
            texts.setdefault(element.name, element.value.strip())
    return VariantView(variant=variant, concept=next(iter(concepts), None), comic_info=texts)


def _tells_apart(row: RowChange) -> bool:
    """Tell whether a row has another of the facts by which people tell concepts apart."""
    before, after = row.before or {}, row.after or {}
    is_concept = row.table is table_of(ComicBookConceptComponent)
    return is_concept and any(before.get(name) != after.get(name) for name in IDENTIFYING)


async def list_variants(
    session: ReadOnly[AsyncSession],
    concept_entity_id: EntityId,
    *,
    hidden: ecs_service.Hidden = "leave_out",
) -> list[ComicVariant]:
    """Return a concept's variants, the primary one first.

    Example: `await list_variants(session, issue, hidden="include")`.

    Args:
        session: Only read.
        concept_entity_id: The concept.
        hidden: Whether variants in the trash are left out.

    Raises:
        EntityNotFoundError, NoComicConceptError: There is no such concept.
    """
    variants = await get_variants_for_comic_concept(session, concept_entity_id, hidden=hidden)
    return await describe_comic_variants(session, variants) if variants else []


async def edit_and_view(
    session: AsyncSession,
    entity_id: EntityId,
    changes: Mapping[str, str | None],
    *,
    is_forced: bool = False,
) -> ComicEdit:
    """Change a concept or a variant as `edit_comic` does; return its new view and the change.

    Example: `await edit_and_view(session, issue, {"publication_year": "1963"})`.

    Args:
        session: The caller commits it.
        entity_id: A concept or a variant.
        changes: New values by field; None removes a value.
        is_forced: Also give a concept the facts of another one.

    Raises:
        SameConceptError: Another concept has these facts, as for `create_new_concept`.
        DamError: As for `edit_comic`.
    """
    change = await edit_comic(session, entity_id, changes)
    if not is_forced and any(_tells_apart(row) for row in change.rows):
        await refuse_same(session, entity_id)
    return ComicEdit(view=await view_comic(session, entity_id), change=change)
