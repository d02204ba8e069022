"""Reads the values of fields of results, with one statement for each component."""

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.database.among import among
from dam.core.database.values import refuse_text
from dam.core.ecs.components import EntityId, table_of
from dam.core.read_only import ReadOnly
from dam.errors import UnknownFieldError
from dam.media.camera.times import with_offset
from dam.media.folding import fold
from dam.media.tag_name import TagName
from dam.models import (
    AudioPropertiesComponent,
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    EntityTagLinkComponent,
    FilePropertiesComponent,
    TagConceptComponent,
    TakenAtComponent,
    VideoPropertiesComponent,
)
from dam.services.asset_service import archive_places, last_paths
from dam.services.search_service.fields import Field, all_fields, time_of
from dam.services.search_service.media_groups import COMIC, group_of
from dam.services.search_service.template import FieldValue

Values = dict[EntityId, FieldValue]


async def read_fields(
    session: ReadOnly[AsyncSession], entity_ids: Sequence[EntityId], names: Sequence[str]
) -> list[dict[str, FieldValue]]:
    """Return the values of fields of entities, in their order; None where one has no value.

    Example: `await read_fields(session, [3, 4], ["id", "name", "width"])`.

    Args:
        session: Only read.
        entity_ids: The entities; of one that does not exist, all values but its id are None.
        names: Names of fields, as `list_search_fields` returns them.

    Raises:
        UnknownFieldError: There is no field of a name.
        TypeError: `names` is one text.
    """
    refuse_text(names=names)
    known = all_fields()
    if unknown := [name for name in names if name not in known]:
        raise UnknownFieldError(unknown[0], known)
    found = await read_values(session, list(dict.fromkeys(entity_ids)), [known[n] for n in names])
    return [{name: found[name].get(key) for name in names} for key in entity_ids]


async def read_values(
    session: ReadOnly[AsyncSession], entity_ids: Sequence[EntityId], fields: Sequence[Field]
) -> dict[str, Values]:
    """Return the values of fields by name, each by entity; entities without one are left out.

    Example: `await read_values(session, [3, 4], [all_fields()["path"]])`.

    Args:
        session: Only read.
        entity_ids: The entities, each once.
        fields: The fields.
    """
    found: dict[str, Values] = {}
    grouped: dict[Any, list[Field]] = defaultdict(list)
    for field in fields:
        if field.name == "id":
            found["id"] = {key: key for key in entity_ids}
        elif field.name in _SHOWN:
            found[field.name] = await _SHOWN[field.name](session, entity_ids)
        else:
            (rows,) = field.rows
            conditions = tuple(str(condition) for condition in rows.conditions)
            grouped[str(rows.source), str(rows.entity_id), conditions].append(field)
    for together in grouped.values():
        found |= await _read_rows(session, entity_ids, together)
    return found


async def _read_rows(
    session: AsyncSession, entity_ids: Sequence[EntityId], fields: Sequence[Field]
) -> dict[str, Values]:
    rows = fields[0].rows[0]
    columns = [field.rows[0].value.label(f"value_{at}") for at, field in enumerate(fields)]
    chosen = select(rows.entity_id, *columns).select_from(rows.source)
    chosen = chosen.where(among(rows.entity_id, entity_ids), *rows.conditions)
    several: dict[str, dict[EntityId, list[Any]]] = {field.name: {} for field in fields}
    for entity_id, *values in (await session.execute(chosen)).all():
        for field, value in zip(fields, values, strict=True):
            if value is not None:
                several[field.name].setdefault(entity_id, []).append(value)
    return {
        field.name: {key: _shown(field, values) for key, values in several[field.name].items()}
        for field in fields
    }


def _shown(field: Field, values: Sequence[Any]) -> FieldValue:
    if field.many == "all":
        return tuple(sorted(dict.fromkeys(str(value) for value in values)))
    value = max(values) if field.many == "most" else values[0]
    return time_of(value) if field.is_in_ns else value


async def _names(session: AsyncSession, entity_ids: Sequence[EntityId]) -> Values:
    """Return the names of files and, of what is no file, the titles of comics."""
    files, variants = table_of(FilePropertiesComponent), table_of(ComicBookVariantComponent)
    concepts = table_of(ComicBookConceptComponent)
    works = select(variants.c.entity_id, concepts.c.comic_title).join(
        concepts, concepts.c.entity_id == variants.c.conceptual_entity_id
    )
    titled = await session.execute(works.where(among(variants.c.entity_id, entity_ids)))
    named = select(files.c.entity_id, files.c.name_text).where(among(files.c.entity_id, entity_ids))
    titles: Values = dict(titled.all())
    return titles | dict((await session.execute(named)).all())


async def _types(session: AsyncSession, entity_ids: Sequence[EntityId]) -> Values:
    files, variants = table_of(FilePropertiesComponent), table_of(ComicBookVariantComponent)
    typed = select(files.c.entity_id, files.c.media_type).where(
        among(files.c.entity_id, entity_ids)
    )
    found: Values = {
        key: group_of(media_type) for key, media_type in (await session.execute(typed)).all()
    }
    comics = select(variants.c.entity_id).where(among(variants.c.entity_id, entity_ids))
    return found | dict.fromkeys(await session.scalars(comics), COMIC)


async def _endings(session: AsyncSession, entity_ids: Sequence[EntityId]) -> Values:
    files = table_of(FilePropertiesComponent)
    named = select(files.c.entity_id, files.c.name_text).where(among(files.c.entity_id, entity_ids))
    found = {key: ending_of(name) for key, name in (await session.execute(named)).all()}
    return {key: ending for key, ending in found.items() if ending}


def ending_of(name: str) -> str:
    """Return what stands behind the last dot of a name, folded; nothing before its first letter."""
    return fold(name)[1:].rpartition(".")[2] if "." in fold(name)[1:] else ""


async def _paths(session: AsyncSession, entity_ids: Sequence[EntityId]) -> Values:
    found: Values = dict(await last_paths(session, entity_ids))
    places = await archive_places(session, [key for key in entity_ids if key not in found])
    inside = {key: os.path.join(*place) for key, place in places.items()}  # noqa: PTH118 - a text
    return found | inside


async def _codecs(session: AsyncSession, entity_ids: Sequence[EntityId]) -> Values:
    """Return the codecs of videos and songs, that of the pictures first."""
    several: dict[EntityId, list[str]] = defaultdict(list)
    for kind in (VideoPropertiesComponent, AudioPropertiesComponent):
        rows = table_of(kind).c
        chosen = select(rows.entity_id, rows.codec).where(among(rows.entity_id, entity_ids))
        for entity_id, codec in (await session.execute(chosen)).all():
            several[entity_id] += [codec] if codec else []
    return {key: tuple(codecs) for key, codecs in several.items() if codecs}


async def _tags(session: AsyncSession, entity_ids: Sequence[EntityId]) -> Values:
    return await _tags_where(session, entity_ids)


async def _keywords(session: AsyncSession, entity_ids: Sequence[EntityId]) -> Values:
    """Return the tags that files state, but for those with a value, which are no keywords."""
    links = table_of(EntityTagLinkComponent).c
    return await _tags_where(session, entity_ids, links.source == "file", links.value.is_(None))


async def _tags_where(
    session: AsyncSession, entity_ids: Sequence[EntityId], *conditions: ColumnElement[bool]
) -> Values:
    links, concepts = table_of(EntityTagLinkComponent).c, table_of(TagConceptComponent).c
    chosen = select(links.entity_id, links.tag_entity_id)
    chosen = chosen.where(among(links.entity_id, entity_ids), *conditions)
    pairs = (await session.execute(chosen)).all()
    named = select(concepts.entity_id, concepts.namespace, concepts.name)
    named = named.where(among(concepts.entity_id, {tag_id for _, tag_id in pairs}))
    names = {key: str(TagName(*name)) for key, *name in (await session.execute(named)).all()}
    several: dict[EntityId, set[str]] = defaultdict(set)
    for entity_id, tag_id in pairs:
        if tag_id in names:
            several[entity_id].add(names[tag_id])
    return {key: tuple(sorted(each)) for key, each in several.items()}


async def _taken(session: AsyncSession, entity_ids: Sequence[EntityId]) -> Values:
    """Return the times of the places, each with the offset that the file states, if it does."""
    taken = table_of(TakenAtComponent).c
    chosen = select(taken.entity_id, taken.taken_at, taken.utc_offset_minutes)
    rows = (await session.execute(chosen.where(among(taken.entity_id, entity_ids)))).all()
    return {key: with_offset(time, minutes) for key, time, minutes in rows}


_SHOWN = {
    "codec": _codecs,
    "name": _names,
    "type": _types,
    "ext": _endings,
    "path": _paths,
    "tags": _tags,
    "keywords": _keywords,
    "taken_at": _taken,
}
