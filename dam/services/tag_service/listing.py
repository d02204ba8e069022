"""Lists tags with their uses, and shows one with all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import among
from dam.core.ecs.components import EntityId
from dam.core.read_only import ReadOnly
from dam.media.tag_name import TagName, checked_text, tag_key
from dam.models import EntityTagLinkComponent as Link
from dam.models import TagConceptComponent, TagNameComponent, TagParentComponent
from dam.services import ecs_service
from dam.services.tag_service.vocabulary import HIGHEST, require_tag, tags_below


@dataclass(frozen=True, kw_only=True)
class TagUse:
    """A tag, and how many assets have it by one source; those in the trash do not count."""

    tag: str
    assets: int
    source: str | None
    value_type: str | None
    entity_id: EntityId


@dataclass(frozen=True, kw_only=True)
class TagFacts:
    """All that is known of a tag.

    Args:
        assets: How many assets have this very tag; those in the trash do not count.
        assets_below: How many have it or a more special one.
    """

    tag: str
    entity_id: EntityId
    description: str | None
    value_type: str | None
    aliases: tuple[str, ...]
    parents: tuple[str, ...]
    children: tuple[str, ...]
    assets: int
    assets_below: int


async def list_tags(session: ReadOnly[AsyncSession], prefix: str = "") -> list[TagUse]:
    """Return the tags that begin so, by name, one for each source; an unused tag has none.

    Example: `await list_tags(session, "artist:")`.

    Args:
        session: Only read.
        prefix: The beginning of the name, or of an alias; case does not matter.
    """
    concept, names = TagConceptComponent, TagNameComponent
    uses = (
        select(
            Link.tag_entity_id, Link.source, func.count(Link.entity_id.distinct()).label("assets")
        )
        .where(ecs_service.shown(Link.entity_id))
        .group_by(Link.tag_entity_id, Link.source)
        .subquery()
    )
    key = tag_key(checked_text("prefix", prefix))
    named = select(names.entity_id).where(names.key >= key, names.key < key + HIGHEST)
    statement = (
        select(concept, uses.c.source, uses.c.assets)
        .outerjoin(uses, uses.c.tag_entity_id == concept.entity_id)
        .where(concept.entity_id.in_(named))
    )
    found = [
        TagUse(
            tag=str(TagName(tag.namespace, tag.name)),
            assets=assets or 0,
            source=source,
            value_type=tag.value_type,
            entity_id=tag.entity_id,
        )
        for tag, source, assets in await session.execute(statement)
    ]
    return sorted(found, key=lambda use: (tag_key(use.tag), use.source or ""))


async def show_tag(
    session: ReadOnly[AsyncSession], text: str, *, hidden: ecs_service.Hidden = "leave_out"
) -> TagFacts:
    """Return all that is known of the tag that has a name or an alias.

    Example: `await show_tag(session, "kitty", hidden="include")`.

    Args:
        session: Only read.
        text: As `name` or `namespace:name`.
        hidden: Whether assets in the trash are left out of the counts.

    Raises:
        MalformedTagError: The text is no name.
        UnknownTagError: There is no such tag.
    """
    tag = await require_tag(session, text)
    parent, names = TagParentComponent, TagNameComponent
    concept = await ecs_service.get_component(session, tag.entity_id, TagConceptComponent)
    aliases = select(names.key).where(names.entity_id == tag.entity_id, names.is_alias)
    above = select(parent.parent_entity_id).where(parent.entity_id == tag.entity_id)
    below = select(parent.entity_id).where(parent.parent_entity_id == tag.entity_id)
    return TagFacts(
        tag=tag.name,
        entity_id=tag.entity_id,
        description=concept.description if concept else None,
        value_type=tag.value_type,
        aliases=tuple(sorted(await session.scalars(aliases))),
        parents=await names_of_tags(session, list(await session.scalars(above))),
        children=await names_of_tags(session, list(await session.scalars(below))),
        assets=await _count(session, [tag.entity_id], hidden),
        assets_below=await _count(session, await tags_below(session, [tag.entity_id]), hidden),
    )


async def names_of_tags(
    session: ReadOnly[AsyncSession], tag_ids: Sequence[EntityId]
) -> tuple[str, ...]:
    """Return the full names of tags, sorted."""
    concept = TagConceptComponent
    chosen = select(concept.namespace, concept.name).where(among(concept.entity_id, tag_ids))
    return tuple(sorted(str(TagName(*row)) for row in (await session.execute(chosen)).all()))


async def _count(
    session: AsyncSession, tag_ids: Sequence[EntityId], hidden: ecs_service.Hidden
) -> int:
    counted = select(func.count(Link.entity_id.distinct())).where(
        among(Link.tag_entity_id, tag_ids), ecs_service.shown(Link.entity_id, hidden)
    )
    return (await session.scalars(counted)).one()
