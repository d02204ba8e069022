"""What people type for an asset, and everything that is known of it."""

import os
from pathlib import Path

import pytest

from dam.core.ecs.components import EntityId, component_classes
from dam.core.world import World
from dam.errors import AmbiguousIdError, EntityNotFoundError, ExitCode
from dam.models import ContentHashSHA256Component, ImagePerceptualPHashComponent
from dam.services import ecs_service
from dam.services.asset_service import describe_entities, resolve_ids
from tests.services.conftest import Add


async def with_digest(world: World, digest: str) -> EntityId:
    component = ContentHashSHA256Component(digest=bytes.fromhex(digest))
    return await world.run(ecs_service.create_entity, component)


async def test_ids_and_hashes_lead_to_entities_each_once_in_their_order(world: World) -> None:
    first, last = await with_digest(world, "00" * 32), await with_digest(world, "ff" * 32)
    wanted: list[int | str] = ["f" * 9, first, "00" * 32, "f" * 64, last]
    assert await world.read(resolve_ids, wanted) == [last, first]
    assert await world.read(resolve_ids, []) == []


async def test_more_ids_than_one_statement_takes(world: World) -> None:
    ids = [await world.run(ecs_service.create_entity) for _ in range(3)]
    assert await world.read(resolve_ids, ids * 700) == ids


async def test_all_that_is_unknown_is_named_at_once(world: World) -> None:
    known = await with_digest(world, "ab" * 32)
    with pytest.raises(EntityNotFoundError) as caught:
        await world.read(resolve_ids, [known, 98, "0" * 8, "cd" * 32, 98])
    expected = f"no entities 98, sha256:00000000, sha256:{'cd' * 32}"
    assert str(caught.value) == expected
    assert caught.value.hint == ("`add-asset --jsonl` and the commands that find assets print ids")
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_long_list_of_unknown_ids_is_cut() -> None:
    error = EntityNotFoundError(range(1, 101))
    assert str(error) == "no entities 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 90 more"
    assert str(EntityNotFoundError([7])) == "no entity 7"


async def test_an_ambiguous_prefix_lists_its_candidates(world: World) -> None:
    digests = ["abcdef01" + "2" * 56, "abcdef01" + "3" * 56]
    one, two = [await with_digest(world, digest) for digest in digests]
    with pytest.raises(AmbiguousIdError) as caught:
        await world.read(resolve_ids, ["abcdef01"])
    assert str(caught.value) == (
        f"sha256:abcdef01 is ambiguous: {one} (sha256:{digests[0]}), {two} (sha256:{digests[1]})"
    )
    assert caught.value.hint == "give the id or more digits"
    assert caught.value.exit_code is ExitCode.USAGE
    assert await world.read(resolve_ids, ["abcdef012"]) == [one]


async def test_an_entity_is_described_with_every_field_it_has(
    world: World, add: Add, home: Path
) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    (home / name).write_bytes(b"hello")
    (home / "again.txt").write_bytes(b"hello")
    entity_id = await add(home / name)
    await add(home / "again.txt")
    await world.run(
        ecs_service.set_component,
        entity_id,
        ImagePerceptualPHashComponent(recipe=1, value=b"\xff" * 8),
    )
    bare = await world.run(ecs_service.create_entity)
    described, empty = await world.read(describe_entities, [entity_id, bare])
    assert (empty.entity_id, empty.components) == (bare, {})
    assert list(described.components) == [
        "ContentHashSHA256Component",
        "FileLocationComponent",
        "FilePropertiesComponent",
        "ImagePerceptualPHashComponent",
        "NeedsMetadataExtractionComponent",
        "OriginalSourceInfoComponent",
        "SearchEntryComponent",
    ]
    for kind, facts in described.components.items():
        columns = {column.key for column in component_classes()[kind].__mapper__.column_attrs}
        for row in facts if isinstance(facts, list) else [facts]:
            assert set(row) == columns - {"entity_id"}
    file = described.components["FilePropertiesComponent"]
    assert isinstance(file, dict)
    assert (file["name"], file["size_bytes"]) == (name, 5)
    sources = described.components["OriginalSourceInfoComponent"]
    assert isinstance(sources, list)
    assert [row["path"] for row in sources] == [str(home / name), str(home / "again.txt")]
    assert isinstance(sources[0]["path_digest"], bytes)
    phash = described.components["ImagePerceptualPHashComponent"]
    assert isinstance(phash, dict)
    assert phash["value"] == b"\xff" * 8
