"""The fields that people search, sort and list by, and the rows that have their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Table,
    case,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.visitors import replacement_traverse

from dam.core.ecs.components import (
    AnyComponent,
    Entity,
    ProcessingErrorComponent,
    component_classes,
    table_of,
)
from dam.core.ecs.search_fields import SearchField, ValueKind
from dam.media.tag_name import TagName
from dam.models import (
    IN_ARCHIVE,
    IN_STORE,
    REFERENCED,
    AudioPropertiesComponent,
    ComicBookConceptComponent,
    ComicBookVariantComponent,
    ContentHashSHA256Component,
    DocumentPropertiesComponent,
    EntityTagLinkComponent,
    FileLocationComponent,
    FilePropertiesComponent,
    ImageDimensionsComponent,
    OriginalSourceInfoComponent,
    PageLink,
    SearchEntryComponent,
    TagNameComponent,
    VideoPropertiesComponent,
)
from dam.services.search_service.sql import hex_digits
from dam.services.tag_service import RATING

Many = Literal["one", "most", "all"]
"""Which of several values of an asset is shown: it has but one, the greatest, or all of them."""

ENTRY = table_of(SearchEntryComponent)
"""The table of which a result is a row."""

STORAGES: Mapping[str, str] = {
    "managed": IN_STORE,
    "referenced": REFERENCED,
    "archive": IN_ARCHIVE,
}

_OF_FILES = "file"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows with values of a field: where they are, whose they are, and the values."""

    source: FromClause
    entity_id: ColumnElement[Any]
    value: ColumnElement[Any]
    conditions: tuple[ColumnElement[bool], ...] = ()

    @property
    def is_entry(self) -> bool:
        """Tell whether the values are those of the result's own row."""
        return self.source is ENTRY


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field, and where its values are.

    Args:
        is_folded: The values are stored folded.
        is_in_ns: It is a time that is stored as nanoseconds since 1970.
        is_derived: What is shown is made in Python, and so is an order by it.
    """

    name: str
    kind: ValueKind
    rows: tuple[Rows, ...]
    short_names: tuple[str, ...] = ()
    many: Many = "one"
    is_folded: bool = False
    is_in_ns: bool = False
    is_derived: bool = False
    component: str | None = None


@dataclass(frozen=True, kw_only=True)
class FieldFacts:
    """A field that queries, listings and templates may name.

    Args:
        kind: What it holds, and so how a value is written in a query.
        short_names: Further names of it in queries.
        has_many: An asset may have several values; a query finds it by any of them.
        component: The component that has it, by class; None if it is made of several.
    """

    name: str
    kind: ValueKind
    short_names: tuple[str, ...]
    has_many: bool
    component: str | None


def list_search_fields() -> tuple[FieldFacts, ...]:
    """Return all fields, by name; those of plugins' components, too."""
    return tuple(
        FieldFacts(
            name=field.name,
            kind=field.kind,
            short_names=field.short_names,
            has_many=field.many != "one",
            component=field.component,
        )
        for _, field in sorted(all_fields().items())
    )


def all_fields() -> Mapping[str, Field]:
    """Return all fields by name."""
    return _fields_of(tuple(component_classes().values()))


# Plugins may map more classes at any time.
@lru_cache(maxsize=4)
def _fields_of(kinds: tuple[type[AnyComponent], ...]) -> Mapping[str, Field]:
    fields = [_field_of(kind, field) for kind in kinds for field in kind.search_fields()]
    return {field.name: field for field in (*fields, *_special())}


def ns_of(time: datetime) -> int:
    """Return a time as nanoseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1) * 1000


def time_of(ns: int) -> datetime:
    """Return the time of nanoseconds since 1970."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def core_columns(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return an expression of a mapped class as one of its table, which is faster."""

    def replaced(element: Any, **_: Any) -> Column[Any] | None:  # noqa: ANN401 - any part of SQL
        table = getattr(element, "table", None)
        if isinstance(element, Column) and table is not None:
            name = getattr(table, "name", None)
            return SearchEntryComponent.metadata.tables[str(name)].c[element.key]
        return None

    return replacement_traverse(value, {}, replaced)  # type: ignore[no-any-return]  # SQLAlchemy gives none


def rows_of(kind: type[AnyComponent], value: ColumnElement[Any]) -> Rows:
    """Return the rows of a component, with a value of them."""
    table = table_of(kind)
    return Rows(source=table, entity_id=table.c.entity_id, value=value)


def _field_of(kind: type[AnyComponent], field: SearchField) -> Field:
    is_one = table_of(kind).c.entity_id.primary_key
    column = field.column
    clause = column if isinstance(column, ColumnElement) else column.__clause_element__()
    return Field(
        name=field.name,
        kind=field.kind,
        short_names=field.short_names,
        rows=(rows_of(kind, core_columns(clause)),),
        many="one" if is_one else "all",
        component=kind.__name__,
    )


def _special() -> Sequence[Field]:
    return (*_of_entries(), *_of_files(), *_of_streams(), *_of_tags(), *_of_comics())


def _entry_value(value: ColumnElement[Any], *conditions: ColumnElement[bool]) -> tuple[Rows, ...]:
    rows = Rows(source=ENTRY, entity_id=ENTRY.c.entity_id, value=value, conditions=conditions)
    return (rows,)


def _of_entries() -> Sequence[Field]:
    entities, files = table_of(Entity), table_of(FilePropertiesComponent)
    key = ENTRY.c.name_key
    dots = func.rtrim(key, func.replace(key, ".", ""))
    ending = func.nullif(func.substr(key, func.length(dots) + 1), "")
    has_ending = func.length(dots) > literal_column("1")
    is_file = exists().where(files.c.entity_id == ENTRY.c.entity_id).correlate(ENTRY)
    created = Rows(source=entities, entity_id=entities.c.id, value=entities.c.created_at)
    return (
        Field(name="id", kind="integer", rows=_entry_value(ENTRY.c.entity_id)),
        Field(name="name", kind="text", rows=_entry_value(key), is_folded=True),
        Field(
            name="ext",
            kind="name",
            rows=_entry_value(ending, has_ending, is_file),
            is_folded=True,
            is_derived=True,
        ),
        Field(name="added_at", kind="time", rows=(created,), short_names=("added",)),
    )


def _of_files() -> Sequence[Field]:
    source, place = OriginalSourceInfoComponent, FileLocationComponent
    sources, places = table_of(source), table_of(place)
    files, hashes = table_of(FilePropertiesComponent), table_of(ContentHashSHA256Component)
    sizes, failures = table_of(ImageDimensionsComponent), table_of(ProcessingErrorComponent)
    paths = (rows_of(source, sources.c.path_text), rows_of(place, places.c.path_text))
    storage = case({kept: name for name, kept in STORAGES.items()}, value=places.c.storage)
    open_ = Rows(
        source=failures,
        entity_id=failures.c.entity_id,
        value=failures.c.system,
        conditions=(failures.c.dismissed_at.is_(None),),
    )
    shape = case(
        (sizes.c.width > sizes.c.height, "landscape"),
        (sizes.c.width < sizes.c.height, "portrait"),
        else_="square",
    )
    hashed = rows_of(ContentHashSHA256Component, hex_digits(hashes.c.digest))
    modified = rows_of(source, sources.c.mtime_ns)
    return (
        Field(
            name="type",
            kind="name",
            rows=(rows_of(FilePropertiesComponent, files.c.media_type),),
            is_derived=True,
        ),
        Field(name="path", kind="text", rows=paths, many="all", is_derived=True),
        Field(name="sha256", kind="name", rows=(hashed,)),
        Field(
            name="modified_at",
            kind="time",
            rows=(modified,),
            short_names=("modified",),
            many="most",
            is_in_ns=True,
        ),
        Field(name="orientation", kind="name", rows=(rows_of(ImageDimensionsComponent, shape),)),
        Field(name="storage", kind="name", rows=(rows_of(place, storage),), many="all"),
        Field(name="failed", kind="name", rows=(open_,), many="all"),
    )


def _of_streams() -> Sequence[Field]:
    kinds = (VideoPropertiesComponent, AudioPropertiesComponent)
    codecs = tuple(rows_of(kind, table_of(kind).c.codec) for kind in kinds)
    return (Field(name="codec", kind="name", rows=codecs, many="all", is_derived=True),)


def _of_tags() -> Sequence[Field]:
    links, names = table_of(EntityTagLinkComponent), table_of(TagNameComponent)
    digest = TagName(None, RATING).digest
    rating = select(names.c.entity_id).where(names.c.digest == digest).scalar_subquery()
    own = links.join(names, names.c.entity_id == links.c.tag_entity_id)
    rated = Rows(
        source=links,
        entity_id=links.c.entity_id,
        value=links.c.number,
        conditions=(links.c.tag_entity_id == rating,),
    )
    of_files = Rows(
        source=own,
        entity_id=links.c.entity_id,
        value=names.c.key,
        conditions=(
            names.c.is_alias.is_(False),
            links.c.source == _OF_FILES,
            links.c.value.is_(None),
        ),
    )
    tagged = Rows(
        source=own,
        entity_id=links.c.entity_id,
        value=names.c.key,
        conditions=(names.c.is_alias.is_(False),),
    )
    return (
        Field(name="rating", kind="number", rows=(rated,), many="most"),
        Field(name="keywords", kind="text", rows=(of_files,), many="all", is_derived=True),
        Field(
            name="tags",
            kind="text",
            rows=(tagged,),
            short_names=("tag",),
            many="all",
            is_derived=True,
        ),
    )


def _of_comics() -> Sequence[Field]:
    variants, concepts = table_of(ComicBookVariantComponent), table_of(ComicBookConceptComponent)
    pages, documents = table_of(PageLink), table_of(DocumentPropertiesComponent)
    works = variants.join(concepts, concepts.c.entity_id == variants.c.conceptual_entity_id)
    is_owned = pages.c.owner_entity_id == ENTRY.c.entity_id
    counted = select(func.count()).select_from(pages).where(is_owned).correlate(ENTRY)
    is_own = documents.c.entity_id == ENTRY.c.entity_id
    told = select(documents.c.page_count).where(is_own).correlate(ENTRY).scalar_subquery()
    page_count = func.coalesce(func.nullif(counted.scalar_subquery(), 0), told)

    def of_work(column: Column[Any]) -> tuple[Rows, ...]:
        return (Rows(source=works, entity_id=variants.c.entity_id, value=column),)

    return (
        Field(name="comic", kind="text", rows=of_work(concepts.c.comic_title)),
        Field(name="series", kind="text", rows=of_work(concepts.c.series_title)),
        Field(name="issue", kind="text", rows=of_work(concepts.c.issue_number)),
        Field(
            name="language",
            kind="name",
            rows=(rows_of(ComicBookVariantComponent, variants.c.language),),
        ),
        Field(
            name="page_count",
            kind="integer",
            rows=_entry_value(page_count),
            short_names=("pages",),
        ),
    )


def is_column_of(value: ColumnElement[Any], source: FromClause) -> bool:
    """Tell whether a value is a plain column of a table by which an index finds rows at once."""
    if not isinstance(value, Column) or not isinstance(source, Table):
        return False
    firsts = {next(iter(index.columns)).name for index in source.indexes}
    firsts |= {column.name for column in source.primary_key.columns}
    return value.name in firsts or bool(value.unique)
