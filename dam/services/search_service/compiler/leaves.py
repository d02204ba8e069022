"""The conditions of a query that have no other conditions in them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    and_,
    exists,
    false,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from dam.core.database.among import among
from dam.core.database.column_types import LocalDateTime, UtcDateTime
from dam.core.ecs.components import AnyComponent, Entity, component_classes, table_of
from dam.core.ecs.search_fields import ValueKind
from dam.errors import EntityNotFoundError, UnknownFieldError
from dam.models import (
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    ContentHashSHA256Component,
    FileLocationComponent,
    FilePropertiesComponent,
    GeoPositionComponent,
    ImagePerceptualPHashComponent,
    PageLink,
    TrashedComponent,
)
from dam.services.search_service.compiler.parts import (
    Asked,
    Context,
    Index,
    Part,
    always,
    any_of,
    is_there,
    part_of,
)
from dam.services.search_service.compiler.texts import distinct_values, matching_owners
from dam.services.search_service.compiler.values import bounded, folded, part_of_field
from dam.services.search_service.fields import ENTRY, STORAGES, Field, rows_of
from dam.services.search_service.media_groups import COMIC, OTHER, group_of
from dam.services.search_service.nearness import box_around, distance_m
from dam.services.search_service.patterns import read_pattern
from dam.services.search_service.query.names import TYPES
from dam.services.search_service.query.tree import (
    Comparison,
    ComponentCondition,
    DigestStart,
    Failed,
    Glob,
    InPlace,
    Interval,
    Near,
    OfComic,
    Presence,
    Similar,
)

_DIGITS = 64
_DEFAULT_DISTANCE = 10
_HASH_PAGE = 20_000
_files = table_of(FilePropertiesComponent)
_variants = table_of(ComicBookVariantComponent)


def field_named(context: Context, name: str) -> Field:
    """Return a field.

    Raises:
        UnknownFieldError: There is none of this name.
    """
    if name not in context.fields:
        raise UnknownFieldError(name, context.fields)
    return context.fields[name]


def has_row(kind: type[AnyComponent], *conditions: ColumnElement[bool]) -> Asked:
    """Return the condition that a result has a component with these conditions."""
    table = table_of(kind)
    if table is ENTRY:
        return always(and_(true(), *conditions))
    rows: Select[Any] = select(literal_column("1")).select_from(table).where(*conditions)
    return is_there(rows, table.c.entity_id)


async def of_media_types(context: Context, wanted: Sequence[str]) -> Part:
    """Return the part for files of these groups of media types; a variant is a comic, no file."""
    column = _files.c.media_type
    known = await distinct_values(context.session, column)
    chosen = [media_type for media_type in known if group_of(media_type) in wanted]
    found: ColumnElement[bool] = column.in_(chosen)
    if OTHER in wanted:
        found = or_(found, column.is_(None))
    rows = rows_of(FilePropertiesComponent, column)
    what = f"type:{','.join(wanted)}"
    part = part_of(rows, found, what=what, is_indexed=True)
    if COMIC in wanted:
        return Part(any_of([part.condition, has_row(ComicBookVariantComponent)]))
    # Nearly none of them is a comic, and to look would take longer than to count.
    likely = part.index and replace(part.index, is_exact=False)
    is_comic = exists().where(_variants.c.entity_id == _files.c.entity_id).correlate(_files)
    part = part_of(rows, found, not_(is_comic), what=what)
    return Part(part.condition, likely, part.joinable)


async def of_type(context: Context, condition: Comparison | Glob) -> Part:
    """Return the part for `type:`."""
    if isinstance(condition, Glob):
        pattern = read_pattern(condition.pattern)
        wanted = [group for group in TYPES if pattern.matches(group)]
    else:
        wanted = [group for group in TYPES if group == condition.value]
    return await of_media_types(context, wanted)


async def of_presence(context: Context, condition: Presence) -> Part:
    """Return the part for `has:`."""
    if condition.is_component:
        kind = _component(condition.name)
        return Part(has_row(kind), Index(condition.name, (select(table_of(kind).c.entity_id),)))
    if condition.name == "type":
        both = FilePropertiesComponent, ComicBookVariantComponent
        return Part(any_of([has_row(kind) for kind in both]))
    field = field_named(context, condition.name)
    parts = [part_of(rows, rows.value.is_not(None)) for rows in field.rows]
    return Part(any_of([part.condition for part in parts]))


def _component(name: str) -> type[AnyComponent]:
    known = component_classes()
    if name not in known:
        raise UnknownFieldError(name, known)
    return known[name]


async def of_component(context: Context, condition: ComponentCondition) -> Part:
    """Return the part for `Component.column:`."""
    kind, inner = _component(condition.component), condition.condition
    columns = table_of(kind).c
    if inner.field not in columns:
        raise UnknownFieldError(f"{condition.component}.{inner.field}", list(columns.keys()))
    column = columns[inner.field]
    field = Field(name=inner.field, kind=_kind_of(column), rows=(rows_of(kind, column),))
    return await part_of_field(context, field, inner)


def _kind_of(column: Column[Any]) -> ValueKind:
    kinds: list[tuple[tuple[type, ...], ValueKind]] = [
        ((Boolean,), "flag"),
        ((Integer, BigInteger), "integer"),
        ((Numeric,), "number"),
        ((UtcDateTime, LocalDateTime), "time"),
        ((LargeBinary,), "number"),
    ]
    return next((kind for types, kind in kinds if isinstance(column.type, types)), "text")


async def of_field(context: Context, condition: Comparison | Interval | Glob) -> Part:
    """Return the part for a field with a value."""
    if condition.field == "type" and not isinstance(condition, Interval):
        return await of_type(context, condition)
    if condition.field == "media_type" and isinstance(condition, Glob):
        pattern = bounded(read_pattern(condition.pattern))
        known = await distinct_values(context.session, _files.c.media_type)
        chosen = [media_type for media_type in known if pattern.matches(media_type)]
        rows = rows_of(FilePropertiesComponent, _files.c.media_type)
        found = _files.c.media_type.in_(chosen)
        return part_of(rows, found, what="media_type:", is_indexed=True)
    return await part_of_field(context, field_named(context, condition.field), condition)


def of_place(condition: InPlace) -> Part:
    """Return the part for `in:`."""
    if condition.place == "trash":
        ids = select(table_of(TrashedComponent).c.entity_id)
        return Part(has_row(TrashedComponent), Index("in:trash", (ids,)))
    storage = table_of(FileLocationComponent).c.storage
    return Part(has_row(FileLocationComponent, storage == STORAGES[condition.place]))


def of_digest(condition: DigestStart) -> Part:
    """Return the part for the beginning of a SHA-256."""
    digits = condition.hex_digits
    low, high = (bytes.fromhex(digits.ljust(_DIGITS, end)) for end in "0f")
    digest = table_of(ContentHashSHA256Component).c.digest
    rows = rows_of(ContentHashSHA256Component, digest)
    return part_of(rows, digest >= low, digest <= high, what="sha256:", is_indexed=True)


async def of_failure(context: Context, condition: Failed) -> Part:
    """Return the part for `failed:`."""
    (rows,) = field_named(context, "failed").rows
    if condition.pattern is None:
        return part_of(rows)
    pattern = read_pattern(condition.pattern)
    known = await distinct_values(context.session, rows.value)
    return part_of(rows, rows.value.in_([name for name in known if pattern.matches(name)]))


async def of_comic(context: Context, condition: OfComic) -> Part:
    """Return the part for variants and pages of comics with a title or a series."""
    concepts, pages = table_of(ComicBookConceptComponent), table_of(PageLink)
    title = concepts.c.series_title if condition.is_series else concepts.c.comic_title
    pattern = folded(read_pattern(condition.pattern))
    works = await matching_owners(context, rows_of(ComicBookConceptComponent, title), pattern)
    of_work = among(_variants.c.conceptual_entity_id, works)
    chosen = select(_variants.c.entity_id).where(of_work)
    paged = select(pages.c.page_image_entity_id).join(
        _variants, _variants.c.entity_id == pages.c.owner_entity_id
    )
    paged = paged.where(of_work)
    is_page = is_there(paged.with_only_columns(literal_column("1")), pages.c.page_image_entity_id)
    part = any_of([has_row(ComicBookVariantComponent, of_work), is_page])
    found = chosen.union_all(paged).subquery()
    return Part(part, Index("comic:", (select(found.c.entity_id),)))


async def of_similar(context: Context, condition: Similar) -> Part:
    """Return the part for pictures that look like an asset, which is none of them."""
    hashes = table_of(ImagePerceptualPHashComponent).c
    wanted = select(hashes.recipe, hashes.value).where(hashes.entity_id == condition.entity_id)
    own = (await context.session.execute(wanted)).first()
    if own is None and await context.session.get(Entity, condition.entity_id) is None:
        raise EntityNotFoundError([condition.entity_id])
    if own is None or own.value is None:
        return Part(always(false()))
    most = _DEFAULT_DISTANCE if condition.distance is None else condition.distance
    most -= condition.is_strict
    mine, ids = int.from_bytes(own.value), []
    others = select(hashes.entity_id, hashes.value).where(
        hashes.recipe == own.recipe, hashes.value.is_not(None)
    )
    stream = await context.session.stream(others.execution_options(yield_per=_HASH_PAGE))
    async for page in stream.partitions():
        ids += [key for key, value in page if (int.from_bytes(value) ^ mine).bit_count() <= most]
    near = set(ids) - {condition.entity_id}
    found = select(ENTRY.c.entity_id).where(among(ENTRY.c.entity_id, near))
    return Part(lambda entity_id: among(entity_id, near), Index("similar:", (found,)))


async def of_near(context: Context, condition: Near) -> Part:
    """Return the part for what was taken near to a place.

    The database finds what is in a box around it, and the distances are computed here: SQLite may
    have no functions for angles.
    """
    place = table_of(GeoPositionComponent).c
    box = box_around(condition.latitude, condition.longitude, condition.distance_m)
    chosen = select(place.entity_id, place.latitude, place.longitude)
    chosen = chosen.where(place.latitude.between(box.south, box.north))
    if box.west is not None and box.east is not None:
        chosen = chosen.where(place.longitude.between(box.west, box.east))
    at = condition.latitude, condition.longitude
    near = {
        entity_id
        for entity_id, *position in (await context.session.execute(chosen)).all()
        if distance_m(at, (position[0], position[1])) <= condition.distance_m
    }
    found = select(ENTRY.c.entity_id).where(among(ENTRY.c.entity_id, near))
    return Part(lambda entity_id: among(entity_id, near), Index("gps:", (found,)))
