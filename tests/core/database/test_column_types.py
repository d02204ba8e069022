"""Column types that mean the same on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect, make_url

from dam.core.database.column_types import UtcDateTime
from dam.core.database.database import Database
from dam.core.ecs.components import Entity

TOKYO = timezone(timedelta(hours=9))
DIALECTS = [make_url(name).get_dialect()() for name in ("sqlite://", "postgresql+psycopg://")]


async def test_a_moment_comes_back_in_utc(database: Database) -> None:
    moment = datetime(2026, 1, 1, 8, 30, 15, 123456, tzinfo=TOKYO)
    async with database.writer() as session:
        session.add(Entity(id=1, created_at=moment))
    async with database.reader() as session:
        entity = await session.get_one(Entity, 1)
    assert entity.created_at == moment
    assert entity.created_at.isoformat() == "2025-12-31T23:30:15.123456+00:00"


@pytest.mark.parametrize("dialect", DIALECTS, ids=["sqlite", "postgresql"])
@given(moment=st.datetimes(timezones=st.timezones() | st.just(TOKYO)))
def test_any_moment_survives(dialect: Dialect, moment: datetime) -> None:
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return
    kind = UtcDateTime()
    found = kind.process_result_value(kind.process_bind_param(moment, dialect), dialect)
    assert found == utc
    assert found.tzinfo is UTC


@pytest.mark.parametrize("dialect", DIALECTS, ids=["sqlite", "postgresql"])
def test_no_moment_stays_none(dialect: Dialect) -> None:
    kind = UtcDateTime()
    assert kind.process_bind_param(None, dialect) is None
    assert kind.process_result_value(None, dialect) is None


@pytest.mark.parametrize("dialect", DIALECTS, ids=["sqlite", "postgresql"])
def test_a_moment_without_zone_is_refused(dialect: Dialect) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the fault that is looked for
    with pytest.raises(ValueError, match="needs its zone") as caught:
        UtcDateTime().process_bind_param(naive, dialect)
    assert str(caught.value) == (
        "a time needs its zone: found 2026-01-01T00:00:00, expected an aware datetime"
    )
