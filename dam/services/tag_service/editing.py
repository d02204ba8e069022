"""Changes the vocabulary: names, aliases, parents and types of tags, and which tags are one."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from dam.core.choices import check_choice
from dam.core.database.bulk import Conflict, insert_rows, update_by_key
from dam.core.ecs.changes import Change, Recording, Watched, recorded
from dam.core.ecs.components import Entity, EntityId, table_of
from dam.core.ecs.rows import write_rows
from dam.errors import (
    ChangedSinceError,
    OwnNameError,
    RatingTagError,
    SameTagError,
    TagCycleError,
    TagNameTakenError,
    TagTypesDifferError,
    TagValueError,
)
from dam.media.tag_name import TagName, checked_text, parse_name
from dam.media.tag_value import EXPECTED, VALUE_TYPES, ValueType, read_value
from dam.models import EntityTagLinkComponent as Link
from dam.models import TagConceptComponent, TagNameComponent, TagParentComponent
from dam.services.tag_service.tagging import check_values
from dam.services.tag_service.vocabulary import (
    RATING,
    Tag,
    find_tags,
    hold_tags,
    lock_vocabulary,
    require_tag,
    tags_below,
    take_tags,
)

_CONCEPTS = table_of(TagConceptComponent)
_NAMES = table_of(TagNameComponent)
_PARENTS = table_of(TagParentComponent)
_LINKS = table_of(Link)


async def rename_tag(session: AsyncSession, old: str, new: str) -> Change:
    """Give a tag another name; its aliases, parents and uses stay. The caller commits.

    Example: `await rename_tag(session, "kat", "cat")`.

    Args:
        session: A session that may write.
        old: The tag, by its name or an alias.
        new: The new name.

    Raises:
        MalformedTagError, UnknownTagError: As for `require_tag`.
        TagNameTakenError: Another tag has the new name.
    """
    await lock_vocabulary(session)
    tag, name = await require_tag(session, old), parse_name(new)
    _refuse_rating(tag, name)
    async with _noted(session, [tag.entity_id], f"renamed {tag.name} to {name}") as noted:
        await _take_name(session, name, tag)
        mine, is_new = _NAMES.c.entity_id == tag.entity_id, _NAMES.c.digest == name.digest
        await session.execute(delete(_NAMES).where(mine, ~is_new, ~_NAMES.c.is_alias))
        await session.execute(update(_NAMES).where(mine, is_new).values(is_alias=False))
        concept = update(_CONCEPTS).where(_CONCEPTS.c.entity_id == tag.entity_id)
        await session.execute(concept.values(namespace=name.namespace, name=name.name))
    return noted.change


async def merge_tags(session: AsyncSession, merged: str, into: str) -> Change:
    """Make one tag of two, in one transaction; the caller commits.

    What has the merged tag gets the other one; where a source gave both, the value of the other one
    stays. The names of the merged tag become aliases, and its parents and children move.

    Example: `await merge_tags(session, "kitty", "cat")`.

    Args:
        session: A session that may write.
        merged: The tag that goes.
        into: The tag that stays.

    Raises:
        MalformedTagError, UnknownTagError: As for `require_tag`.
        SameTagError: Both names are those of one tag.
        RatingTagError: One of them is the tag of ratings.
        TagTypesDifferError: Their values are of different types.
        TagCycleError: One would be above itself.
    """
    await lock_vocabulary(session)
    old, new = await require_tag(session, merged), await require_tag(session, into)
    if old.entity_id == new.entity_id:
        raise SameTagError(merged, into, new.name)
    _refuse_rating(old, parse_name(new.name))
    if old.value_type != new.value_type:
        raise TagTypesDifferError(old.name, new.name, (old.value_type, new.value_type))
    both = [old.entity_id, new.entity_id]
    await hold_tags(session, both)
    async with _noted(session, both, f"merged {old.name} into {new.name}", uses=True) as noted:
        await _move_links(session, old.entity_id, new.entity_id)
        await _keep_description(session, old.entity_id, new.entity_id)
        moved = update(_NAMES).where(_NAMES.c.entity_id == old.entity_id)
        await session.execute(moved.values(entity_id=new.entity_id, is_alias=True))
        await _move_parents(session, old, new)
        await session.execute(delete(table_of(Entity)).where(Entity.id == old.entity_id))
    return noted.change


async def add_alias(session: AsyncSession, tag: str, alias: str) -> Change:
    """Let a tag be found by another name, too. The caller commits.

    Example: `await add_alias(session, "cat", "kitty")`.

    Args:
        session: A session that may write.
        tag: The tag, by its name or an alias.
        alias: The further name.

    Raises:
        MalformedTagError, UnknownTagError: As for `require_tag`.
        TagNameTakenError: Another tag has this name.
    """
    await lock_vocabulary(session)
    found, name = await require_tag(session, tag), parse_name(alias)
    if name.key == RATING:
        _refuse_rating(found, name)
    async with _noted(session, [found.entity_id], f"made {name} an alias of {found.name}") as noted:
        await _take_name(session, name, found)
    return noted.change


async def remove_alias(session: AsyncSession, alias: str) -> Change:
    """Take an alias away; the tag and its uses stay. The caller commits.

    Raises:
        MalformedTagError: The text is no name.
        UnknownTagError: There is no such alias.
        OwnNameError: It is a tag's own name.
    """
    await lock_vocabulary(session)
    name = parse_name(alias)
    tag = await require_tag(session, alias)
    async with _noted(session, [tag.entity_id], f"took the alias {name} away") as noted:
        is_it = _NAMES.c.digest == name.digest
        await session.execute(delete(_NAMES).where(is_it, _NAMES.c.is_alias))
    if not noted.change.rows:
        raise OwnNameError(tag.name)
    return noted.change


async def add_parent(session: AsyncSession, child: str, parent: str) -> Change:
    """Put a tag below a more general one: searches for that find it. The caller commits.

    Both are created if they are not there yet; `undo` leaves them.

    Example: `await add_parent(session, "cat", "animal")`.

    Args:
        session: A session that may write.
        child: The more special tag.
        parent: The more general tag.

    Raises:
        MalformedTagError: A text is no name.
        TagCycleError: The parent is the tag itself or below it.
    """
    await lock_vocabulary(session)
    names = parse_name(child), parse_name(parent)
    known = await take_tags(session, dict.fromkeys(names))
    low, high = (known[name.key] for name in names)
    if high.entity_id in await tags_below(session, [low.entity_id]):
        raise TagCycleError([low.name, high.name, low.name])
    async with _noted(session, [low.entity_id], f"put {low.name} below {high.name}") as noted:
        pair = {"entity_id": low.entity_id, "parent_entity_id": high.entity_id}
        is_there = exists().where(*(_PARENTS.c[name] == key for name, key in pair.items()))
        if not await session.scalar(select(is_there)):
            await write_rows(session, TagParentComponent, [pair], replace=False)
    return noted.change


async def remove_parent(session: AsyncSession, child: str, parent: str) -> Change:
    """Take a tag away from below another one. The caller commits.

    Example: `await remove_parent(session, "cat", "animal")`.

    Args:
        session: A session that may write.
        child: The more special tag.
        parent: The more general tag.

    Raises:
        MalformedTagError, UnknownTagError: As for `require_tag`.
    """
    await lock_vocabulary(session)
    low, high = await require_tag(session, child), await require_tag(session, parent)
    async with _noted(session, [low.entity_id], f"took {low.name} from below {high.name}") as noted:
        pair = _PARENTS.c.entity_id == low.entity_id, _PARENTS.c.parent_entity_id == high.entity_id
        await session.execute(delete(_PARENTS).where(*pair))
    return noted.change


async def delete_tag(session: AsyncSession, tag: str) -> Change:
    """Delete a tag with its names and all its uses; the assets stay. The caller commits.

    Raises:
        MalformedTagError, UnknownTagError: As for `require_tag`.
    """
    await lock_vocabulary(session)
    found = await require_tag(session, tag)
    await hold_tags(session, [found.entity_id])
    async with _noted(session, [found.entity_id], f"deleted {found.name}", uses=True) as noted:
        await session.execute(delete(table_of(Entity)).where(Entity.id == found.entity_id))
    return noted.change


async def describe_tag(
    session: AsyncSession,
    tag: str,
    *,
    description: str | None = None,
    value_type: ValueType | Literal["none"] | None = None,
) -> Change:
    """Set what a tag means, or of which type its values are; the tag is created if need be.

    What is None stays as it is. `undo` leaves a tag that was created. The caller commits.

    Example: `await describe_tag(session, "seen", value_type="date")`.

    Args:
        session: A session that may write.
        tag: Its name.
        description: What it means; an empty text takes the description away.
        value_type: The type of its values; all values that are there must be of it. With `none` it
            takes no value any more.

    Raises:
        ValueError: There is no such type.
        MalformedTagError: The text is no name.
        RatingTagError: The tag of ratings would get another type.
        TagValueError: A value that is there is of another type, there is a use without one, or a
            use has a value although the tag is to take none.
    """
    if value_type is not None:
        check_choice("value_type", value_type, (*VALUE_TYPES, "none"))
    wanted = None if value_type == "none" else value_type
    await lock_vocabulary(session)
    name = parse_name(tag)
    found = (await take_tags(session, {name: None}))[name.key]
    await hold_tags(session, [found.entity_id])
    async with _noted(session, [found.entity_id], f"described {found.name}", uses=True) as noted:
        concept = update(_CONCEPTS).where(_CONCEPTS.c.entity_id == found.entity_id)
        if description is not None:
            checked_text("description", description)
            await session.execute(concept.values(description=description or None))
        if value_type is not None and wanted != found.value_type:
            if parse_name(found.name).key == RATING:
                raise RatingTagError(found.name)
            await _convert(session, found, wanted)
            await session.execute(concept.values(value_type=wanted))
    return noted.change


async def _convert(session: AsyncSession, tag: Tag, value_type: ValueType | None) -> None:
    """Write the values of a tag as a type has them; raise if one cannot be."""
    of_tag = select(Link.id, Link.value, Link.number).where(Link.tag_entity_id == tag.entity_id)
    rows: list[dict[str, object]] = []
    for link_id, text, number in (await session.execute(of_tag)).all():
        value = None if text is None or value_type is None else read_value(text, value_type)
        if value is None:
            raise TagValueError(
                tag.name, text, None if value_type is None else EXPECTED[value_type]
            )
        if (value.text, value.number) != (text, number):
            rows.append({"id": link_id, "value": value.text, "number": value.number})
    await update_by_key(session, _LINKS, "id", rows)


def _refuse_rating(tag: Tag, name: TagName) -> None:
    """Raise if just one of them is the tag of ratings: its values have a meaning of their own."""
    own = parse_name(tag.name)
    if RATING in {own.key, name.key} and own.key != name.key:
        raise RatingTagError(RATING)


async def _take_name(session: AsyncSession, name: TagName, tag: Tag) -> None:
    """Make a name one of a tag's names, an alias unless it is there; raise if another one has it.

    The vocabulary is locked, but tags are created without that lock when they are first used.
    """
    row = {"entity_id": tag.entity_id, "key": name.key, "digest": name.digest, "is_alias": True}
    await insert_rows(session, _NAMES, [row], Conflict(("digest",)))
    owner = (await find_tags(session, [name]))[name.key]
    if owner.entity_id != tag.entity_id:
        raise TagNameTakenError(str(name), owner.name)


async def _keep_description(session: AsyncSession, old: EntityId, new: EntityId) -> None:
    """Give a tag the description of another one, if it has none."""
    text = select(_CONCEPTS.c.description).where(_CONCEPTS.c.entity_id == old).scalar_subquery()
    has_none = _CONCEPTS.c.description.is_(None)
    mine = update(_CONCEPTS).where(_CONCEPTS.c.entity_id == new, has_none)
    await session.execute(mine.values(description=text))


async def _move_links(session: AsyncSession, old: EntityId, new: EntityId) -> None:
    other = aliased(Link)
    has_both = exists().where(
        other.entity_id == _LINKS.c.entity_id,
        other.source == _LINKS.c.source,
        other.system == _LINKS.c.system,
        other.tag_entity_id == new,
    )
    of_old = _LINKS.c.tag_entity_id == old
    await session.execute(update(_LINKS).where(of_old, ~has_both).values(tag_entity_id=new))
    await session.execute(delete(_LINKS).where(of_old))


async def _move_parents(session: AsyncSession, old: Tag, new: Tag) -> None:
    """Put the parents and children of a tag above and below another one."""
    ids = {old.entity_id: new.entity_id}
    either = _PARENTS.c.entity_id.in_(ids) | _PARENTS.c.parent_entity_id.in_(ids)
    rows = await session.execute(
        select(_PARENTS.c.entity_id, _PARENTS.c.parent_entity_id).where(either)
    )
    pairs = {(ids.get(low, low), ids.get(high, high)) for low, high in rows}
    await session.execute(delete(_PARENTS).where(either))
    for low, high in sorted(pairs):
        if low == high:
            continue
        if high in await tags_below(session, [low]):
            raise TagCycleError([old.name, new.name, old.name])
        is_there = exists().where(_PARENTS.c.entity_id == low, _PARENTS.c.parent_entity_id == high)
        if not await session.scalar(select(is_there)):
            row = {"entity_id": low, "parent_entity_id": high}
            await write_rows(session, TagParentComponent, [row], replace=False)


def _noted(
    session: AsyncSession, ids: Sequence[EntityId], what: str, *, uses: bool = False
) -> AbstractAsyncContextManager[Recording]:
    """Note what a block changes in some tags, in their names and parents, and perhaps their uses.

    There may be many uses, so they are only looked at if the block changes some.
    """
    columns = [
        Entity.id,
        TagConceptComponent.entity_id,
        TagNameComponent.entity_id,
        TagParentComponent.entity_id,
        TagParentComponent.parent_entity_id,
    ]
    if uses:
        columns.append(Link.tag_entity_id)
    watched = [Watched(column=column, ids=ids) for column in columns]
    return recorded(session, watched, what=what, check=_check)


async def _check(session: AsyncSession, change: Change) -> None:
    """Raise if an undone change has put a tag above itself, or values of another type back."""
    await lock_vocabulary(session)
    for row in change.rows:
        if row.table is _PARENTS and row.before is not None:
            low, high = row.before["entity_id"], row.before["parent_entity_id"]
            if high in await tags_below(session, [low]):
                raise ChangedSinceError(change.what, [low])
    await check_values(session, change)
