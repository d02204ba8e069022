"""Changes facts of comics, and fields as people write them, such as `Writer=Stan Lee`.

A variant's ComicInfo.xml and the facts of the variant and its concept stay in agreement, as
`agreement` describes: a change of one changes the other if both had the same value. An edit of a
concept therefore also changes documents of its variants, and so locks the concept and then its
variants before it reads any of them.

Nothing here commits. Facts that are not given keep their values.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack, get_args, get_type_hints

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.values import refuse_text
from dam.core.ecs.changes import Change
from dam.core.ecs.components import Component, EntityId, table_of
from dam.core.ecs.rows import row_of, write_rows
from dam.errors import (
    FactRefusedError,
    MalformedFieldError,
    NoComicConceptError,
    NoComicVariantError,
    UnknownNameError,
)
from dam.media.comic.facts import TERM_KINDS, listed_names
from dam.media.comic.info_edit import EDITABLE
from dam.media.comic.name import title_key
from dam.models import (
    ComicBookConceptComponent,
    ComicBookTermComponent,
    ComicBookVariantComponent,
)
from dam.services import ecs_service
from dam.services.comic_book_service import (
    ConceptFacts,
    VariantFacts,
    check_facts,
    concept_name,
    describe_comic_concepts,
    describe_comic_variants,
    get_variants_for_comic_concept,
)
from dam.services.comic_edit_service.agreement import carry_facts, carry_terms, edit_elements
from dam.services.comic_edit_service.recording import facts_recorded

_CONCEPT_TYPES, _VARIANT_TYPES = get_type_hints(ConceptFacts), get_type_hints(VariantFacts)
_CONCEPT_FIELDS = (*_CONCEPT_TYPES, *TERM_KINDS)
_VARIANT_FIELDS = (*_VARIANT_TYPES, *EDITABLE)

Changes = Mapping[str, str | None]
"""New values by the names of fields or ComicInfo elements; None removes a value."""


async def edit_comic(session: AsyncSession, entity_id: EntityId, changes: Changes) -> Change:
    """Change fields of a concept or of a variant; None removes a value.

    Fields of a concept are the facts of its component and lists of names by ComicInfo element,
    separated by commas. Fields of a variant are the facts of its component and the elements of its
    ComicInfo.xml.

    Example: `await edit_comic(session, issue, {"Writer": "Stan Lee, Steve Ditko"})`.

    Args:
        session: The caller commits it.
        entity_id: A concept or a variant.
        changes: New values by field, as `parse_changes` returns them.

    Returns:
        What was changed, for `undo`.

    Raises:
        EntityNotFoundError: There is no such entity.
        NoComicVariantError: The entity is neither a concept nor a variant.
        UnknownNameError: There is no such field.
        FactRefusedError: A value has the wrong type, or cannot be stored unchanged.
    """
    await ecs_service.lock_entity(session, entity_id)
    if await ecs_service.get_component(session, entity_id, ComicBookConceptComponent):
        return await _edit_concept(session, entity_id, changes)
    if await ecs_service.get_component(session, entity_id, ComicBookVariantComponent):
        return await _edit_variant(session, entity_id, changes)
    raise NoComicVariantError(entity_id)


async def edit_comic_concept(
    session: AsyncSession, concept_entity_id: EntityId, **facts: Unpack[ConceptFacts]
) -> Change:
    """Change some facts of a concept, and its name accordingly; return the change, for `undo`.

    Example: `await edit_comic_concept(session, issue, series_title="Spidey", issue_number="5")`.

    Args:
        session: The caller commits it.
        concept_entity_id: The concept.
        **facts: New values, by the names in `ConceptFacts`; None removes a fact.

    Raises:
        TypeError: A name is not a fact of concepts.
        EntityNotFoundError: The concept does not exist.
        NoComicConceptError: The entity is not a comic concept.
        FactRefusedError: A value cannot be stored unchanged.
    """
    kind = ComicBookConceptComponent
    check_facts(kind, facts)
    variants = await _lock_with_variants(session, concept_entity_id)
    known = await ecs_service.get_component(session, concept_entity_id, kind)
    if known is None:
        raise NoComicConceptError(concept_entity_id)
    before = row_of(known)
    after = {**before, **facts}
    derived = {
        "name": concept_name(after),
        "title_key": title_key(after["series_title"], after["comic_title"]),
    }
    async with facts_recorded(session, [concept_entity_id, *variants]) as recording:
        await _set_facts(session, kind, concept_entity_id, {**facts, **derived})
        for variant in variants:
            await carry_facts(session, variant, before, facts)
    return recording.change


async def edit_comic_variant(
    session: AsyncSession, variant_entity_id: EntityId, **facts: Unpack[VariantFacts]
) -> Change:
    """Change some facts of a variant; return the change, for `undo`.

    Example: `await edit_comic_variant(session, scan, language="fr", scan_group=None)`.

    Args:
        session: The caller commits it.
        variant_entity_id: The variant.
        **facts: New values, by the names in `VariantFacts`; None removes a fact.

    Raises:
        TypeError: A name is not a fact of variants.
        EntityNotFoundError: The variant does not exist.
        NoComicVariantError, ConceptNotVariantError: The entity is not a comic variant.
        FactRefusedError: A value cannot be stored unchanged.
    """
    check_facts(ComicBookVariantComponent, facts)
    await ecs_service.lock_entity(session, variant_entity_id)
    (before,) = await describe_comic_variants(session, [variant_entity_id])
    async with facts_recorded(session, [variant_entity_id]) as recording:
        if facts:
            await _set_facts(session, ComicBookVariantComponent, variant_entity_id, facts)
            await carry_facts(session, variant_entity_id, before.facts, facts)
    return recording.change


def list_fields() -> dict[str, str]:
    """Return the fields that `edit_comic` takes, each with its owner in words.

    Example: `{"publisher": "a comic", "scan_group": "a variant", "Writer": "both", …}`.
    """
    fields = dict.fromkeys(_CONCEPT_FIELDS, "a comic")
    for field in _VARIANT_FIELDS:
        fields[field] = "both" if field in fields else "a variant"
    return fields


def parse_changes(texts: Iterable[str]) -> dict[str, str | None]:
    """Return changes from texts of the form `FIELD=VALUE`; an empty value becomes None.

    Example: `["volume=2", "publisher="]` gives `{"volume": "2", "publisher": None}`.

    Raises:
        MalformedFieldError: A text has no `=`.
    """
    refuse_text(texts=texts)
    changes: dict[str, str | None] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise MalformedFieldError(text)
        changes[name.strip()] = value.strip() or None
    return changes


async def _edit_concept(session: AsyncSession, concept: EntityId, changes: Changes) -> Change:
    facts = _typed(changes, _CONCEPT_TYPES, _CONCEPT_FIELDS)
    names = {kind: listed_names(facts.pop(kind)) for kind in TERM_KINDS if kind in facts}
    variants = await _lock_with_variants(session, concept)
    async with facts_recorded(session, [concept, *variants]) as recording:
        if facts:
            await edit_comic_concept(session, concept, **facts)
        if names:
            await _edit_terms(session, concept, names)
    return recording.change


async def _edit_terms(
    session: AsyncSession, concept: EntityId, names: Mapping[str, tuple[str, ...]]
) -> None:
    variants = await _lock_with_variants(session, concept)
    (before,) = await describe_comic_concepts(session, [concept])
    for kind, listed in names.items():
        await _set_terms(session, concept, kind, listed)
    for variant in variants:
        await carry_terms(session, variant, before.terms, names)


async def _lock_with_variants(session: AsyncSession, concept: EntityId) -> list[EntityId]:
    """Lock a concept, then its variants by ascending id; return the variants in that order."""
    await ecs_service.lock_entity(session, concept)
    variants = sorted(await get_variants_for_comic_concept(session, concept, hidden="include"))
    for variant in variants:
        await ecs_service.lock_entity(session, variant)
    return variants


async def _edit_variant(session: AsyncSession, variant: EntityId, changes: Changes) -> Change:
    own = {name: text for name, text in changes.items() if name in _VARIANT_TYPES}
    elements = {name: text for name, text in changes.items() if name not in own}
    facts = _typed(own, _VARIANT_TYPES, _VARIANT_FIELDS)
    async with facts_recorded(session, [variant]) as recording:
        if facts:
            await edit_comic_variant(session, variant, **facts)
        if elements:
            await _edit_document(session, variant, elements, facts)
    return recording.change


async def _edit_document(
    session: AsyncSession, variant: EntityId, elements: Changes, facts: Mapping[str, object]
) -> None:
    try:
        following = await edit_elements(session, variant, elements, kept=facts)
    except UnknownNameError as error:
        raise UnknownNameError("field", error.name, _VARIANT_FIELDS) from error
    if following:
        await _set_facts(session, ComicBookVariantComponent, variant, following)


def _typed(changes: Changes, types: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """Return the values converted to the types of their fields.

    Raises:
        UnknownNameError: There is no such field.
        FactRefusedError: A value for a number is not a whole number.
    """
    typed: dict[str, Any] = {}
    for name, text in changes.items():
        if name not in known:
            raise UnknownNameError("field", name, known)
        typed[name] = text
        if text is not None and int in get_args(types.get(name)):
            try:
                typed[name] = int(text)
            except ValueError as error:
                raise FactRefusedError(name, repr(text), "a whole number") from error
    return typed


async def _set_facts(
    session: AsyncSession, kind: type[Component], entity_id: EntityId, facts: Mapping[str, object]
) -> None:
    table = table_of(kind)
    await session.execute(update(table).where(table.c.entity_id == entity_id).values(**facts))


async def _set_terms(
    session: AsyncSession, concept: EntityId, kind: str, names: Sequence[str]
) -> None:
    for name in names:
        check_facts(ComicBookTermComponent, {"name": name})
    table = table_of(ComicBookTermComponent)
    of_kind = (table.c.entity_id == concept) & (table.c.kind == kind)
    await session.execute(delete(table).where(of_kind))
    rows = [
        {"entity_id": concept, "kind": kind, "name": name, "position": position}
        for position, name in enumerate(names)
    ]
    await write_rows(session, ComicBookTermComponent, rows, replace=False)
