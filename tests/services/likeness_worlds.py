"""Pictures that are nothing but a digest and a pHash, and the search that looks at each of them.

`python -m tests.services.likeness_worlds URL SEED` adds, replaces and deletes such pictures for a
while, in a process of its own.
"""

import asyncio
import hashlib
import random
import sys
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import build_world
from dam.core.ecs.components import Entity, EntityId, table_of
from dam.core.ecs.rows import create_entities, write_rows
from dam.core.world import World
from dam.models import ContentHashSHA256Component, ImagePerceptualPHashComponent
from dam.services.likeness_service import LikenessOptions, find_similar_to_entity
from tests.core.worlds import NOW
from tests.databases import world_config

RECIPE = 1
THRESHOLD = 10
OPTIONS = LikenessOptions(threshold=THRESHOLD)
_ROUNDS, _AT_ONCE = 25, 20

Distances = dict[EntityId, int]


def chance_of(seed: int) -> random.Random:
    """Return chance that repeats itself."""
    return random.Random(seed)  # noqa: S311 - no secret


def near(chance: random.Random, hash_: int = 0) -> int:
    """Return a hash that differs from another in 1 to 20 bits: half of these are found."""
    for bit in chance.sample(range(64), chance.randint(1, 2 * THRESHOLD)):
        hash_ ^= 1 << bit
    return hash_


async def add_pictures(session: AsyncSession, hashes: Iterable[int]) -> list[EntityId]:
    """Create a picture for each hash."""
    values = list(hashes)
    ids = list(await create_entities(session, len(values), now=NOW))
    digests = [
        {"entity_id": entity_id, "digest": hashlib.sha256(b"%d" % entity_id).digest()}
        for entity_id in ids
    ]
    await write_rows(session, ContentHashSHA256Component, digests, replace=False)
    await set_hashes(session, dict(zip(ids, values, strict=True)))
    return ids


async def set_hashes(session: AsyncSession, hashes: Mapping[EntityId, int]) -> None:
    """Give pictures these hashes."""
    rows = [
        {"entity_id": entity_id, "recipe": RECIPE, "value": value.to_bytes(8, "big")}
        for entity_id, value in sorted(hashes.items())
    ]
    await write_rows(session, ImagePerceptualPHashComponent, rows, replace=True)


async def delete_pictures(session: AsyncSession, ids: Iterable[EntityId]) -> None:
    """Delete entities with all they have."""
    await session.execute(delete(table_of(Entity)).where(Entity.id.in_(sorted(ids))))


async def search(world: World, query: EntityId) -> Distances:
    """Return what the product finds, nearest first."""
    return {
        one.entity_id: one.distance for one in await find_similar_to_entity(world, query, OPTIONS)
    }


async def look_at_each(world: World, query: EntityId) -> Distances:
    """Return what is to be found, nearest first."""
    kind = ImagePerceptualPHashComponent

    async def read(session: AsyncSession) -> dict[EntityId, bytes | None]:
        return dict((await session.execute(select(kind.entity_id, kind.value))).all())

    hashes = {key: int.from_bytes(value or b"") for key, value in (await world.read(read)).items()}
    wanted = hashes.pop(query)
    bits = {key: (value ^ wanted).bit_count() for key, value in hashes.items()}
    nearest_first = sorted(bits, key=lambda key: (bits[key], key))
    return {key: bits[key] for key in nearest_first if bits[key] <= THRESHOLD}


async def change(world: World, seed: int) -> None:
    """Add pictures, give some of them other hashes, delete some: always one's own only."""
    chance = chance_of(seed)
    for _ in range(_ROUNDS):
        ids = await world.run(add_pictures, [near(chance) for _ in range(_AT_ONCE)])
        await world.run(set_hashes, {key: near(chance) for key in ids[::2]})
        await world.run(delete_pictures, ids[::3])


async def _main(url: str, seed: int) -> None:
    world = await build_world(world_config(url, worker_kind="thread"), plugins=False)
    await change(world, seed)
    await world.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
