"""What one process says of tags is not taken for what another one says at the same time."""

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.changes import undo
from dam.core.world import World
from dam.services.tag_service import tag_entities, tags_of, untag_entities
from tests.services.comics import entities
from tests.services.conftest import just_before


async def test_undo_puts_back_what_another_process_said_just_before(world: World) -> None:
    (entity_id,) = await entities(world, 1)
    await world.run(tag_entities, [entity_id], ["rating=1"])
    await world.run(untag_entities, [entity_id], ["rating"])

    async def rate(session: AsyncSession) -> None:
        await tag_entities(session, [entity_id], ["rating=3"])

    rated = await just_before(world, rate, world.run(tag_entities, [entity_id], ["rating=5"]))
    await world.run(undo, rated.change)
    ((tag,),) = (await world.read(tags_of, [entity_id])).values()
    assert tag.value == "3"
    await world.run(untag_entities, [entity_id], ["rating"])
    same = await just_before(world, rate, world.run(tag_entities, [entity_id], ["rating=3"]))
    assert (same.changed, same.change.rows) == (0, ())
