"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime, Dialect, Integer
from sqlalchemy.types import TypeDecorator

Int64 = BigInteger().with_variant(Integer, "sqlite")
"""A signed 64-bit integer; on SQLite `INTEGER`, which alone may alias the row id."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored and handed out in UTC; a naive one is refused."""

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
        """Return the stored moment as an aware UTC datetime."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)
