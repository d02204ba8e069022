"""Keeps a variant's ComicInfo.xml and its facts in agreement when one of them is edited.

Rule: if both had the same value, a change of one changes the other. If they differed, the other
keeps its value. Example: fact and document say `fr`; a fact changed to `de` changes the document
too. A document that said `en` stays.

Values are compared as the document writes them: `ltr` and unknown are both an absent element.
Nothing here commits; the caller has locked the variant.
"""

from collections.abc import Collection, Mapping
from typing import get_type_hints

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.media.comic.facts import FACT_ELEMENTS, ComicFacts, comic_facts, fact_text
from dam.services.comic_book_service import VariantFacts, describe_comic_variants
from dam.services.comic_info_service import edit_comic_info, get_own_elements

_OWN_ELEMENTS = {
    name: element for name, element in FACT_ELEMENTS.items() if name in get_type_hints(VariantFacts)
}


async def carry_facts(
    session: AsyncSession,
    variant: EntityId,
    before: Mapping[str, object],
    facts: Mapping[str, object],
) -> None:
    """Change a variant's document after facts of the variant or of its concept have changed.

    Args:
        session: The caller commits it.
        variant: The variant of the document.
        before: All facts as they were.
        facts: The changed facts with their new values.

    Raises:
        FactRefusedError: The element cannot have this value.
    """
    in_document = await _document_facts(session, variant)
    if in_document is None:
        return
    changed: dict[str, str | None] = {}
    for name in facts.keys() & FACT_ELEMENTS.keys():
        old, new = fact_text(name, before.get(name)), fact_text(name, facts[name])
        if old != new and old == fact_text(name, getattr(in_document, name)):
            changed[FACT_ELEMENTS[name]] = new
    if changed:
        await edit_comic_info(session, variant, changed)


async def carry_terms(
    session: AsyncSession,
    variant: EntityId,
    before: Mapping[str, tuple[str, ...]],
    names: Mapping[str, tuple[str, ...]],
) -> None:
    """Change a variant's document after lists of names of its concept have changed.

    `before` and `names` map ComicInfo elements to names, such as `{"Writer": ("Stan Lee",)}`:
    `before` holds all lists as they were, `names` the changed ones.
    """
    in_document = await _document_facts(session, variant)
    if in_document is None:
        return
    listed = {kind: tuple(t.name for t in in_document.terms if t.kind == kind) for kind in names}
    changed = {
        kind: ", ".join(new) or None
        for kind, new in names.items()
        if listed[kind] == before.get(kind, ())
    }
    if changed:
        await edit_comic_info(session, variant, changed)


async def edit_elements(
    session: AsyncSession,
    variant: EntityId,
    elements: Mapping[str, str | None],
    *,
    kept: Collection[str],
) -> dict[str, object]:
    """Change elements of a variant's document; return the variant's facts that must change too.

    The caller writes those facts.

    Args:
        session: The caller commits it.
        variant: The variant of the document.
        elements: As `edit_comic_info` takes them.
        kept: Names of facts that the caller sets itself; they are not returned.

    Raises:
        DamError: As `edit_comic_info` says.
    """
    (described,) = await describe_comic_variants(session, [variant])
    before = await _document_facts(session, variant)
    await edit_comic_info(session, variant, elements)
    after = await _document_facts(session, variant) or ComicFacts()
    following: dict[str, object] = {}
    for name, element in _OWN_ELEMENTS.items():
        old = fact_text(name, described.facts.get(name))
        was_alike = before is None or old == fact_text(name, getattr(before, name))
        is_new = old != fact_text(name, getattr(after, name))
        if element in elements and name not in kept and was_alike and is_new:
            following[name] = getattr(after, name)
    return following


async def _document_facts(session: AsyncSession, variant: EntityId) -> ComicFacts | None:
    """Return the facts in a variant's document; None without a document, which contradicts none."""
    info = await get_own_elements(session, variant)
    return comic_facts(info) if info.elements else None
