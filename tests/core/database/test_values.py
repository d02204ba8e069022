"""What one database would keep and another refuse fails alike, before either sees it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Enum, Integer, Interval, MetaData, String, Table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeDecorator

from dam.core.database.database import Database
from dam.core.database.values import refuse_unequal
from dam.core.ecs.components import EntityId, ProcessingErrorComponent
from dam.core.ecs.rows import write_rows
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import MarkedEntityList
from dam.errors import UnstorableValueError
from dam.models import ImageDimensionsComponent, ImageFormatComponent, NeedsContentAnalysisComponent
from tests.core.worlds import NOW, OpenWorld, failures, new_entities, rows_of, widths

FORMAT = {"format": "PNG", "mode": "RGB", "bit_depth": 8, "has_alpha": False, "orientation": 1}

UNEQUAL: list[tuple[dict[str, Any], str]] = [
    ({"bit_depth": "8"}, "bit_depth cannot hold a str; expected int"),
    ({"bit_depth": 8.5}, "bit_depth cannot hold a float; expected int"),
    ({"bit_depth": True}, "bit_depth cannot hold a bool; expected int"),
    ({"bit_depth": None}, "bit_depth cannot hold None; expected int"),
    (
        {"bit_depth": 1 << 63},
        "bit_depth cannot hold 9223372036854775808; "
        "expected a number from -9223372036854775808 to 9223372036854775807",
    ),
    ({"has_alpha": 1}, "has_alpha cannot hold a int; expected bool"),
    ({"format": b"PNG"}, "format cannot hold a bytes; expected str"),
    ({"format": "P\0G"}, "format cannot hold a text with a NUL in it; expected one without"),
]


async def describe(session: AsyncSession, entity_id: EntityId, changed: dict[str, Any]) -> None:
    rows = [{"entity_id": entity_id, **FORMAT, **changed}]
    await write_rows(session, ImageFormatComponent, rows, replace=True)


async def describe_by_orm(
    session: AsyncSession, entity_id: EntityId, changed: dict[str, Any]
) -> None:
    values: Any = {**FORMAT, **changed}
    row = ImageFormatComponent(**values)
    row.entity_id = entity_id
    session.add(row)
    await session.flush()


@pytest.mark.parametrize(("changed", "message"), UNEQUAL)
@pytest.mark.parametrize("write", [describe, describe_by_orm])
async def test_a_value_that_only_sqlite_would_keep_is_refused(
    database: Database, write: Any, changed: dict[str, Any], message: str
) -> None:
    (entity_id,) = await database.write(new_entities, 1)
    with pytest.raises(UnstorableValueError) as caught:
        await database.write(write, entity_id, changed)
    assert str(caught.value) == f"component_image_format.{message}"
    await database.write(write, entity_id, {})
    assert len(await database.read(rows_of, ImageFormatComponent)) == 1


async def test_a_text_that_is_too_long_is_refused(database: Database) -> None:
    (entity_id,) = await database.write(new_entities, 1)
    failure = {"entity_id": entity_id, "error": "E", "message": "m", "requirement": None}
    row = {**failure, "system": "s" * 300, "attempts": 1, "occurred_at": NOW}
    with pytest.raises(UnstorableValueError) as caught:
        await database.write(write_rows, ProcessingErrorComponent, [row], replace=False)
    assert str(caught.value) == (
        "component_processing_error.system cannot hold a text of 300 characters; "
        "expected at most 255"
    )


async def test_a_value_that_cannot_be_stored_costs_its_own_entity_only(
    open_world: OpenWorld,
) -> None:
    wrong: Any = "wide"
    bad: list[EntityId] = []

    @system(stage=SystemStage.CONTENT_ANALYSIS)
    async def measure(
        assets: MarkedEntityList[NeedsContentAnalysisComponent], commands: Commands
    ) -> None:
        for asset in assets:
            width = wrong if asset in bad else 1
            commands.set(asset, ImageDimensionsComponent(width=width, height=1))

    async with open_world(measure) as world:
        ids = await world.run(new_entities, 3, NeedsContentAnalysisComponent)
        bad.append(ids[1])
        await world.scheduler.run_until_idle()
        assert await world.read(widths) == {ids[0]: 1, ids[2]: 1}
        message = "component_image_dimensions.width cannot hold a str; expected int"
        assert await world.read(failures) == {
            ids[1]: ("measure", "UnstorableValueError", message, 1)
        }


class AsJson(TypeDecorator[dict[str, int]]):
    impl = String
    cache_ok = True


def test_types_with_their_own_ways_and_expressions_are_left_to_the_database() -> None:
    table = Table(
        "component_own",
        MetaData(),
        Column("state", Enum(SystemStage)),
        Column("facts", AsJson),
        Column("period", Interval),
        Column("number", Integer),
    )
    values: dict[str, Sequence[Any]] = {
        "state": [SystemStage.METADATA_EXTRACTION],
        "facts": [{"a": 1}],
        "period": [timedelta(1)],
        "number": [table.c.number + 1, 2],
    }
    refuse_unequal(table, values)
    refuse_unequal(table, {"number": [1, None, 2]})
    for wrong in (["2"], [1, None, 1 << 31]):
        with pytest.raises(UnstorableValueError):
            refuse_unequal(table, {"number": wrong})
