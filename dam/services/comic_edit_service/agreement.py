"""What a variant's ComicInfo.xml and the facts of comics say alike they go on saying alike.

Where one of the two changes, the other follows, unless it said something of its own before. They
are compared by the words of the document: `ltr` has none there, and neither has what is unknown.
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
    """Let a variant's document follow changed facts, its own or its concept's.

    Raises:
        FactRefusedError: A value is none that the element can have.
    """
    said = await _said(session, variant)
    if said is None:
        return
    changed: dict[str, str | None] = {}
    for name in facts.keys() & FACT_ELEMENTS.keys():
        old, new = fact_text(name, before.get(name)), fact_text(name, facts[name])
        if old != new and old == fact_text(name, getattr(said, name)):
            changed[FACT_ELEMENTS[name]] = new
    if changed:
        await edit_comic_info(session, variant, changed)


async def carry_terms(
    session: AsyncSession,
    variant: EntityId,
    before: Mapping[str, tuple[str, ...]],
    names: Mapping[str, tuple[str, ...]],
) -> None:
    """Let a variant's document follow changed lists of names, by their kinds."""
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


async def edit_elements(
    session: AsyncSession,
    variant: EntityId,
    elements: Mapping[str, str | None],
    *,
    kept: Collection[str],
) -> dict[str, object]:
    """Change elements of a variant's document; return the facts of its own that follow.

    Args:
        session: Where.
        variant: Whose document.
        elements: As `edit_comic_info` takes them.
        kept: The names of facts that are said otherwise and do not follow.

    Raises:
        DamError: As `edit_comic_info` says.
    """
    (described,) = await describe_comic_variants(session, [variant])
    before = await _said(session, variant)
    await edit_comic_info(session, variant, elements)
    after = await _said(session, variant) or ComicFacts()
    following: dict[str, object] = {}
    for name, element in _OWN_ELEMENTS.items():
        old = fact_text(name, described.facts.get(name))
        was_alike = before is None or old == fact_text(name, getattr(before, name))
        is_new = old != fact_text(name, getattr(after, name))
        if element in elements and name not in kept and was_alike and is_new:
            following[name] = getattr(after, name)
    return following


async def _said(session: AsyncSession, variant: EntityId) -> ComicFacts | None:
    """Return what a variant's document says; None where it has none, and says all facts alike."""
    info = await get_own_elements(session, variant)
    return comic_facts(info) if info.elements else None
