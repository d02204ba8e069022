"""Orders of results: by id, by keys that the database sorts, or by values that Python sorts."""

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from math import isnan
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    String,
    and_,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.ecs.search_fields import ValueKind
from dam.errors import CursorError, UnknownFieldError
from dam.media.folding import fold
from dam.services.search_service.compiler import Compiled
from dam.services.search_service.compiler.values import bound
from dam.services.search_service.cursor import Cursor, Key
from dam.services.search_service.fields import ENTRY, Field, all_fields
from dam.services.search_service.query.tree import Sort
from dam.services.search_service.reading import read_values
from dam.services.search_service.sql import bytewise_key
from dam.services.search_service.template import FieldValue

_CHUNK = 10_000
_TYPES: dict[ValueKind, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "size": (int,),
    "duration": (int, float),
    "ratio": (int, float),
    "time": (datetime,),
    "flag": (bool,),
}


class Row(NamedTuple):
    """A result: its id, and the keys by which it is sorted."""

    entity_id: EntityId
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Order:
    """An order of results: by the fields, ties by id, newest first."""

    sorts: tuple[Sort, ...]
    fields: tuple[Field, ...]

    @property
    def is_in_database(self) -> bool:
        """Tell whether the database has all keys, and so can sort."""
        return all(
            len(field.rows) == 1
            and not field.is_derived
            and field.many != "all"
            and (field.kind != "text" or field.is_folded)
            for field in self.fields
        )

    @property
    def text(self) -> str:
        """The order as a query has it, by which a cursor knows its own."""
        return " ".join(f"sort:{'-' * sort.is_descending}{sort.field}" for sort in self.sorts)

    def _fits(self, after: Cursor) -> bool:
        """Tell whether the keys of a cursor are values of the fields, which it may not be."""
        return len(after.keys) == len(self.fields) and all(
            key is None or (type(key) in self._types(field) and _is_storable(key))
            for field, key in zip(self.fields, after.keys, strict=True)
        )

    def _types(self, field: Field) -> tuple[type, ...]:
        """Return the types of a field's keys: some that the database has are not those shown."""
        if field.many == "all":
            return (str,)
        if self.is_in_database and field.is_in_ns:
            return (int,)
        if isinstance(field.rows[0].value.type, LargeBinary):
            return (bytes,)
        return _TYPES.get(field.kind, (str,))

    def statement(self, compiled: Compiled, after: Cursor | None) -> Select[Any]:
        """Return the statement that selects ids and keys, in the database's order."""
        keys = [_key(field) for field in self.fields] if self.is_in_database else []
        if not self.sorts:
            return compiled.select_in_order(None if after is None else after.entity_id)
        chosen = compiled.select(*keys)
        if after is not None:
            chosen = chosen.where(_follows(self.sorts, keys, after))
        ways = [
            (key.desc() if sort.is_descending else key.asc()).nulls_last()
            for sort, key in zip(self.sorts, keys, strict=False)
        ]
        return chosen.order_by(*ways, ENTRY.c.entity_id.desc())

    async def rows(
        self, session: AsyncSession, compiled: Compiled, after: Cursor | None, limit: int
    ) -> list[Row]:
        """Return the first results after a cursor.

        Raises:
            CursorError: The cursor is one of another order.
        """
        if after is not None and (after.order != self.text or not self._fits(after)):
            raise CursorError(str(after))
        if self.is_in_database:
            statement = self.statement(compiled, after).limit(limit)
            read = await session.execute(statement)
            if not self.sorts:
                return [Row(entity_id) for entity_id in read.scalars().all()]
            return [Row(entity_id, tuple(map(_plain, keys))) for entity_id, *keys in read.all()]
        found = await self._sorted(session, compiled)
        start = 0
        if after is not None:
            place = self._place(after.keys, after.entity_id)
            start = bisect_right(
                found.ids, place, key=lambda entity_id: self._place(found.of(entity_id), entity_id)
            )
        return [Row(entity_id, found.of(entity_id)) for entity_id in found.ids[start:][:limit]]

    async def ids(
        self, session: AsyncSession, compiled: Compiled, limit: int | None
    ) -> "array[int]":
        """Return the ids of all results."""
        if not self.is_in_database:
            return array("q", (await self._sorted(session, compiled)).ids[:limit])
        statement = self.statement(compiled, None).limit(limit)
        connection = await session.connection()
        return await connection.run_sync(_read_ids, statement)

    async def _sorted(self, session: AsyncSession, compiled: Compiled) -> "_Sorted":
        connection = await session.connection()
        ids = list(await connection.run_sync(_read_ids, compiled.select()))
        values = await read_values(session, ids, self.fields)
        keys = [_sort_keys(field, values[field.name]) for field in self.fields]
        # Sorted by one key after the other, the first at last, because Python compares what stands
        # alone many times as fast as what is wrapped to be compared backwards.
        ids.sort(reverse=True)
        for sort, by_id in zip(reversed(self.sorts), reversed(keys), strict=True):
            some = [entity_id for entity_id in ids if entity_id in by_id]
            some.sort(key=by_id.__getitem__, reverse=sort.is_descending)
            ids = some + [entity_id for entity_id in ids if entity_id not in by_id]
        return _Sorted(ids, keys)

    def _place(self, keys: Sequence[Key], entity_id: EntityId) -> tuple[Any, ...]:
        parts = [
            _Backwards(key) if sort.is_descending else _Forwards(key)
            for sort, key in zip(self.sorts, keys, strict=True)
        ]
        return (*parts, -entity_id)


@dataclass(frozen=True)
class _Sorted:
    """The ids of all results in their order, and by id what each was sorted by, if it has that."""

    ids: list[EntityId]
    keys: Sequence[Mapping[EntityId, Any]]

    def of(self, entity_id: EntityId) -> tuple[Key, ...]:
        return tuple(by_id.get(entity_id) for by_id in self.keys)


def _plain(key: Key | Decimal) -> Key:
    return _as_utc(float(key) if isinstance(key, Decimal) else key)


def _as_utc(key: Key) -> Key:
    """Return the clock of a place as if it were UTC, so that all times compare with one another."""
    return key.replace(tzinfo=UTC) if isinstance(key, datetime) else key


def _is_storable(key: Key) -> bool:
    """Tell whether both databases take a key as a parameter, and can compare with it."""
    if isinstance(key, datetime):  # which in UTC may be in another year
        is_utc = key.utcoffset() == timedelta()
        return key.tzinfo is not None and (is_utc or MINYEAR < key.year < MAXYEAR)
    if not isinstance(key, str):
        return not isinstance(key, float) or not isnan(key)
    return "\0" not in key and not any("\ud800" <= character <= "\udfff" for character in key)


def _read_ids(connection: Connection, statement: Select[Any]) -> "array[int]":
    """Read the first column of all rows from the driver; SQLAlchemy's rows take twice as long.

    Of a result that is streamed, SQLAlchemy 2.1 itself has read one row.
    """
    result = connection.execute(statement.execution_options(stream_results=True))
    ids = array("q", [row[0] for row in result.fetchmany(1)])
    cursor = result.cursor  # None if there are no rows
    while cursor is not None and (rows := cursor.fetchmany(_CHUNK)):
        ids.extend([row[0] for row in rows])
    result.close()
    return ids


@dataclass(frozen=True, order=False)
class _Forwards:
    key: Key

    def _pair(self) -> tuple[bool, Any]:
        return self.key is None, self.key if self.key is not None else 0

    def __lt__(self, other: "_Forwards") -> bool:
        return self._pair() < other._pair()

    def __le__(self, other: "_Forwards") -> bool:
        return self._pair() <= other._pair()


@dataclass(frozen=True, order=False)
class _Backwards(_Forwards):
    def __lt__(self, other: "_Forwards") -> bool:
        if self.key is None or other.key is None:
            return self.key is not None and other.key is None
        return other._pair() < self._pair()

    def __le__(self, other: "_Forwards") -> bool:
        return self == other or self < other


def order_of(sorts: tuple[Sort, ...]) -> Order:
    """Return the order that a query asks for; without any, newest first.

    Raises:
        UnknownFieldError: There is no such field.
    """
    if not sorts:
        return Order((), ())
    known = all_fields()
    if unknown := [sort.field for sort in sorts if sort.field not in known]:
        raise UnknownFieldError(unknown[0], known)
    return Order(sorts, tuple(known[sort.field] for sort in sorts))


def _key(field: Field) -> ColumnElement[Any]:
    (rows,) = field.rows
    is_text = isinstance(rows.value.type, String)
    if rows.is_entry:
        return rows.value
    value = bytewise_key(rows.value) if is_text else rows.value
    chosen = func.max(value) if field.many == "most" else value
    found = select(chosen).select_from(rows.source)
    belongs = rows.entity_id == ENTRY.c.entity_id
    return found.where(belongs, *rows.conditions).correlate(ENTRY).scalar_subquery()


def _sort_keys(field: Field, values: Mapping[EntityId, FieldValue]) -> dict[EntityId, Any]:
    """Return what entities are sorted by; of what many have, each value is folded once."""
    key = cache(partial(_sort_key, is_folded=field.kind == "text"))
    return {entity_id: key(value) for entity_id, value in values.items() if value is not None}


def _sort_key(value: FieldValue, *, is_folded: bool) -> Key:
    if isinstance(value, str):
        return fold(value) if is_folded else value
    if isinstance(value, tuple):
        return "\n".join(map(fold, value))
    assert isinstance(value, int | float | bytes | datetime)
    return _as_utc(value)


def _follows(
    sorts: Sequence[Sort], keys: Sequence[ColumnElement[Any]], after: Cursor
) -> ColumnElement[bool]:
    """Return the condition that a result comes after a cursor."""
    choices = []
    equal: list[ColumnElement[bool]] = []
    for sort, key, last in zip(sorts, keys, after.keys, strict=True):
        choices.append(and_(*equal, _comes_later(key, last, is_descending=sort.is_descending)))
        equal.append(key.is_(None) if last is None else key == bound(key, last))
    choices.append(and_(*equal, ENTRY.c.entity_id < after.entity_id))
    return or_(*choices)


def _comes_later(key: ColumnElement[Any], last: Key, *, is_descending: bool) -> ColumnElement[bool]:
    if last is None:
        return false()
    value = bound(key, last)
    return or_(key < value if is_descending else key > value, key.is_(None))
