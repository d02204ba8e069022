"""Changes of comics by the names of their fields, as people write them: `publisher=…`, `Writer=…`.

What a variant's ComicInfo.xml said alike before says it alike afterwards: it follows a changed fact
of the variant or of its concept, where it did not say something of its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_type_hints

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs import EntityId, table_of, write_rows
from dam.errors import FactRefusedError, NoComicVariantError, UnknownFieldError
from dam.media.comic_facts import TERM_KINDS, ComicFacts, comic_facts
from dam.media.comic_info import PAGES_NAME, SCHEMA_ORDER
from dam.models import (
    ComicBookConceptComponent,
    ComicBookTermComponent,
    ComicBookVariantComponent,
)
from dam.services import ecs_service
from dam.services.comic_book_service import get_variants_for_comic_concept
from dam.services.comic_description_service import (
    describe_comic_concepts,
    describe_comic_variants,
)
from dam.services.comic_edit_service import edit_comic_concept, edit_comic_variant
from dam.services.comic_facts import ConceptFacts, VariantFacts
from dam.services.comic_info_service import edit_comic_info, get_elements

_CONCEPT_TYPES, _VARIANT_TYPES = get_type_hints(ConceptFacts), get_type_hints(VariantFacts)
_CONCEPT_FIELDS = (*_CONCEPT_TYPES, *TERM_KINDS)
_VARIANT_FIELDS = (*_VARIANT_TYPES, *(name for name in SCHEMA_ORDER if name != PAGES_NAME))
_ELEMENTS = {
    "comic_title": "Title",
    "series_title": "Series",
    "issue_number": "Number",
    "issue_count": "Count",
    "volume": "Volume",
    "description": "Summary",
    "publication_year": "Year",
    "publication_month": "Month",
    "publication_day": "Day",
    "publisher": "Publisher",
    "imprint": "Imprint",
    "age_rating": "AgeRating",
    "language": "LanguageISO",
    "scan_group": "ScanInformation",
    "reading_direction": "Manga",
}
_DIRECTIONS = ("ltr", "rtl")

Changes = Mapping[str, str | None]


async def edit_comic(session: AsyncSession, entity_id: EntityId, changes: Changes) -> None:
    """Change fields of a concept or of a variant; None takes a value away. The caller commits.

    A concept has the facts of its component, and lists of names by their ComicInfo elements, parted
    by commas. A variant has the facts of its component, and the elements of its ComicInfo.xml.

    Raises:
        EntityNotFoundError: There is no such entity.
        NoComicVariantError: It is neither a concept nor a variant.
        UnknownFieldError, UnknownNameError: There is no such field, or no such element.
        FactRefusedError: A value is of a wrong type, or cannot be kept as it is.
    """
    if await ecs_service.get_component(session, entity_id, ComicBookConceptComponent):
        await _edit_concept(session, entity_id, changes)
    elif await ecs_service.get_component(session, entity_id, ComicBookVariantComponent):
        await _edit_variant(session, entity_id, changes)
    else:
        raise NoComicVariantError(entity_id)


def parse_changes(texts: Iterable[str]) -> dict[str, str | None]:
    """Return what texts as `FIELD=VALUE` say; an empty value is None.

    Raises:
        UnknownFieldError: One has no `=`.
    """
    changes: dict[str, str | None] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UnknownFieldError(text, ("publisher", "Writer", "…"))
        changes[name.strip()] = value.strip() or None
    return changes


async def _edit_concept(session: AsyncSession, concept: EntityId, changes: Changes) -> None:
    (before,) = await describe_comic_concepts(session, [concept])
    facts = _typed(changes, _CONCEPT_TYPES, _CONCEPT_FIELDS)
    if "comic_title" in facts and facts["comic_title"] is None:
        raise FactRefusedError("comic_title", "empty", "a title")
    terms = {kind: facts.pop(kind) for kind in TERM_KINDS if kind in facts}
    if facts:
        await edit_comic_concept(session, concept, **facts)
    names = {kind: comic_names(text) for kind, text in terms.items()}
    for kind, listed in names.items():
        await _set_terms(session, concept, kind, listed)
    for variant in await get_variants_for_comic_concept(session, concept):
        await _carry(session, variant, dict(before.facts), facts)
        await _carry_terms(session, variant, before.terms, names)


async def _edit_variant(session: AsyncSession, variant: EntityId, changes: Changes) -> None:
    (before,) = await describe_comic_variants(session, [variant])
    own = {name: text for name, text in changes.items() if name in _VARIANT_TYPES}
    elements = {name: text for name, text in changes.items() if name not in own}
    facts = _typed(own, _VARIANT_TYPES, _VARIANT_FIELDS)
    direction = facts.get("reading_direction")
    if direction is not None and direction not in _DIRECTIONS:
        raise FactRefusedError("reading_direction", repr(direction), " or ".join(_DIRECTIONS))
    if facts:
        await edit_comic_variant(session, variant, **facts)
        await _carry(session, variant, dict(before.facts), facts)
    if elements:
        await edit_comic_info(session, variant, elements)


def comic_names(text: str | None) -> tuple[str, ...]:
    """Return the names of a list that commas part, each once."""
    names = (" ".join(name.split()) for name in (text or "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _typed(changes: Changes, types: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """Return values of the fields' types."""
    typed: dict[str, Any] = {}
    for name, text in changes.items():
        if name not in known:
            raise UnknownFieldError(name, known)
        typed[name] = text
        if text is not None and int in get_args(types.get(name)):
            try:
                typed[name] = int(text)
            except ValueError as error:
                raise FactRefusedError(name, repr(text), "a whole number") from error
    return typed


async def _set_terms(
    session: AsyncSession, concept: EntityId, kind: str, names: Iterable[str]
) -> None:
    table = table_of(ComicBookTermComponent)
    of_kind = (table.c.entity_id == concept) & (table.c.kind == kind)
    await session.execute(delete(table).where(of_kind))
    rows = [
        {"entity_id": concept, "kind": kind, "name": name, "position": position}
        for position, name in enumerate(names)
    ]
    await write_rows(session, ComicBookTermComponent, rows, replace=False)


async def _carry(
    session: AsyncSession,
    variant: EntityId,
    before: Mapping[str, object],
    facts: Mapping[str, object],
) -> None:
    """Let a variant's document follow changed facts where it said the same."""
    said = await _said(session, variant)
    if said is None:
        return
    changed = {
        _ELEMENTS[name]: _text(name, value)
        for name, value in facts.items()
        if name in _ELEMENTS and getattr(said, name) == before.get(name)
    }
    if changed:
        await edit_comic_info(session, variant, changed)


async def _carry_terms(
    session: AsyncSession,
    variant: EntityId,
    before: Mapping[str, tuple[str, ...]],
    names: Mapping[str, tuple[str, ...]],
) -> None:
    said = await _said(session, variant)
    if said is None:
        return
    listed = {kind: tuple(t.name for t in said.terms if t.kind == kind) for kind in names}
    changed = {
        kind: ", ".join(new) or None
        for kind, new in names.items()
        if listed[kind] == before.get(kind, ())
    }
    if changed:
        await edit_comic_info(session, variant, changed)


async def _said(session: AsyncSession, variant: EntityId) -> ComicFacts | None:
    """Return what a variant's document says; None where it has none."""
    info = await get_elements(session, variant)
    return comic_facts(info) if info.elements else None


def _text(name: str, value: object) -> str | None:
    if name == "reading_direction":
        return "YesAndRightToLeft" if value == "rtl" else None
    return None if value is None else str(value)
