"""Column types that mean the same on SQLite and PostgreSQL."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Compiled, DateTime, Dialect, Double, Integer, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

Int64 = BigInteger().with_variant(Integer, "sqlite")
"""A signed 64-bit integer; on SQLite `INTEGER`, the only type that can alias the row id."""


def bytewise(length: int) -> String:
    """Return a type for keys that both databases sort alike: by code point, which is bytewise."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored and returned in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` in UTC, without its zone where the database has none."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"a time needs its zone: found {value.isoformat()}, expected an aware datetime"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored time as an aware UTC datetime."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class LocalDateTime(TypeDecorator[datetime]):
    """The clock of a place, stored and returned without a zone; that of a value is left out."""

    impl = DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return what the clock shows."""
        return None if value is None else value.replace(tzinfo=None)


class JsonText(TypeDecorator[Mapping[str, Any]]):
    """A JSON object, stored as text, so that both databases keep it as it is."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, _dialect: Dialect) -> str | None:
        """Return the text of an object."""
        if value is None:
            return None
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:  # noqa: ANN401 - JSON
        """Return the object of a text."""
        return None if value is None else json.loads(value)


class unix_now(FunctionElement[float]):  # noqa: N801 - reads like the SQL functions beside it
    """The database's clock, in seconds since 1970; it does not stand still in a transaction."""

    type = Double()
    inherit_cache = True


class byte_length(FunctionElement[int]):  # noqa: N801 - reads like the SQL functions beside it
    """The number of bytes of a text; more than its characters if one of them is not ASCII."""

    type = Int64
    inherit_cache = True


@compiles(byte_length, "sqlite")
def _sqlite_bytes(element: byte_length, compiler: SQLCompiler, **options: object) -> str:
    return f"length(CAST({compiler.process(element.clauses, **options)} AS BLOB))"


@compiles(byte_length, "postgresql")
def _postgresql_bytes(element: byte_length, compiler: SQLCompiler, **options: object) -> str:
    return f"octet_length({compiler.process(element.clauses, **options)})"


@compiles(unix_now, "sqlite")
def _sqlite_now(_element: unix_now, _compiler: Compiled, **_options: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(unix_now, "postgresql")
def _postgresql_now(_element: unix_now, _compiler: Compiled, **_options: object) -> str:
    return "extract(epoch from clock_timestamp())::double precision"
