"""What importing promises, for each status and option, on both databases."""

import hashlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from dam.app import build_world
from dam.core.world import World
from dam.models import (
    ContentHashMD5Component,
    ContentHashSHA1Component,
    ContentSuccessorComponent,
    FileLocationComponent,
    FilePropertiesComponent,
    OriginalSourceInfoComponent,
)
from dam.services import ecs_service
from dam.services.failure_service import failures_at
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import FileOutcome, ImportOptions, add_files, import_files
from dam.storage.content_store import ImportMode
from tests.core.worlds import rows_of
from tests.databases import world_config
from tests.faults.state import dump, names_below

Import = Callable[..., Awaitable[list[FileOutcome]]]

ASSETS = Path(__file__).parents[2] / "assets"
LONG_AGO_NS = 1_500_000_000 * 10**9


@pytest.fixture
def run(world: World) -> Import:
    """Import paths with these options; return what was told of each."""

    async def call(*paths: Path | str, **options: object) -> list[FileOutcome]:
        outcomes: list[FileOutcome] = []
        await import_files(
            world,
            [os.fspath(path) for path in paths],
            ImportOptions(**options),  # type: ignore[arg-type] # a test's own words
            outcomes.append,
        )
        return outcomes

    return call


def old(path: Path, content: bytes = b"content") -> Path:
    """Write a file that nobody has touched for long."""
    path.write_bytes(content)
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return path


def statuses(outcomes: list[FileOutcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


async def test_each_status_of_a_file_that_can_be_read(run: Import, tmp_path: Path) -> None:
    first = old(tmp_path / "a")
    assert statuses(await run(first)) == ["added"]
    assert statuses(await run(first)) == ["unchanged"]
    assert statuses(await run(old(tmp_path / "b"), first)) == ["unchanged", "known"]
    assert statuses(await run(old(tmp_path / "a", b"other"))) == ["added"]


async def test_what_is_unchanged_counts_as_seen_again_and_nothing_else_does(
    run: Import, world: World, tmp_path: Path
) -> None:
    paths = [old(tmp_path / name, name.encode()) for name in "abcdef"]
    await run(*paths)
    before = {row.path_text: row for row in await world.read(rows_of, OriginalSourceInfoComponent)}
    again = {str(paths[number]) for number in (0, 2, 3, 5)}
    assert statuses(await run(*again)) == ["unchanged"] * 4
    after = {row.path_text: row for row in await world.read(rows_of, OriginalSourceInfoComponent)}
    later = {text for text, row in after.items() if row.last_seen_at > before[text].last_seen_at}
    assert later == again
    assert all(row.first_seen_at == before[text].first_seen_at for text, row in after.items())


async def test_an_outcome_names_entity_and_digest(run: Import, tmp_path: Path) -> None:
    (added,) = await run(old(tmp_path / "a"))
    (unchanged,) = await run(tmp_path / "a")
    assert (added.sha256, added.size_bytes) == (hashlib.sha256(b"content").digest(), 7)
    assert added.entity_id is not None
    assert (unchanged.entity_id, unchanged.sha256) == (added.entity_id, added.sha256)


async def test_alike_files_in_one_run_are_one_asset_added_once(run: Import, tmp_path: Path) -> None:
    paths = [old(tmp_path / str(number), b"") for number in range(5)]
    outcomes = await run(*paths)
    assert statuses(outcomes) == ["added", *["known"] * 4]
    assert len({outcome.entity_id for outcome in outcomes}) == 1


@pytest.mark.parametrize(("later_s", "status"), [(1.9, "added"), (2.1, "unchanged")])
async def test_what_was_touched_within_two_seconds_of_its_reading_is_read_again(
    run: Import, world: World, tmp_path: Path, later_s: float, status: str
) -> None:
    touched_s = LONG_AGO_NS / 10**9
    read_at = datetime.fromtimestamp(touched_s + later_s, UTC)
    world.context = replace(world.context, now=lambda: read_at)
    path = old(tmp_path / "a", b"before")
    await run(path)
    old(path, b"after!")  # of the same size, in the same tick of a coarse clock
    assert statuses(await run(path)) == [status]
    (source,) = await world.read(rows_of, OriginalSourceInfoComponent)
    assert source.mtime_ns == LONG_AGO_NS


async def test_a_time_in_the_future_never_counts_as_unchanged(run: Import, tmp_path: Path) -> None:
    path = old(tmp_path / "a")
    for year_2240_ns in (8_520_000_000 * 10**9, 2**63 + 10**9):
        os.utime(path, ns=(0, year_2240_ns))
        assert statuses(await run(path))[0] in {"added", "unchanged"}
        path.write_bytes(str(year_2240_ns).encode())
        os.utime(path, ns=(0, year_2240_ns))
        assert statuses(await run(path)) == ["added"]


async def test_a_file_of_before_1970_is_recognised(run: Import, tmp_path: Path) -> None:
    path = old(tmp_path / "a")
    os.utime(path, ns=(0, -(10**18)))
    assert statuses([*await run(path), *await run(path)]) == ["added", "unchanged"]


async def test_rehash_finds_bytes_that_changed_under_the_same_size_and_time(
    run: Import, tmp_path: Path
) -> None:
    path = old(tmp_path / "a", b"before")
    await run(path)
    old(path, b"after!")
    assert statuses(await run(path)) == ["unchanged"]
    assert statuses(await run(path, is_rehash=True)) == ["added"]
    assert statuses(await run(path, is_rehash=True)) == ["unchanged"]


async def test_rehash_puts_back_what_the_store_has_lost(
    run: Import, world: World, tmp_path: Path
) -> None:
    (added,) = await run(old(tmp_path / "a"))
    store = world.resources.get(FileOperationsResource).store
    assert added.sha256 is not None
    store.remove(added.sha256)
    assert statuses(await run(tmp_path / "a", is_rehash=True)) == ["unchanged"]
    assert store.check(added.sha256, 7) == "ok"


async def test_changed_content_is_a_successor_and_the_older_asset_stays(
    run: Import, world: World, tmp_path: Path
) -> None:
    (before,) = await run(old(tmp_path / "a", b"before"))
    (after,) = await run(old(tmp_path / "a", b"after"))
    (link,) = await world.read(rows_of, ContentSuccessorComponent)
    assert (link.entity_id, link.successor_entity_id) == (before.entity_id, after.entity_id)
    store = world.resources.get(FileOperationsResource).store
    assert before.sha256 is not None
    assert store.check(before.sha256, 6) == "ok"


@pytest.mark.parametrize("mode", ["copy", "hardlink", "move", "reference"])
async def test_a_dry_run_tells_what_would_be_and_changes_nothing(
    run: Import, world: World, tmp_path: Path, mode: ImportMode
) -> None:
    await run(old(tmp_path / "known", b"known"))
    old(tmp_path / "same", b"known")
    old(tmp_path / "new", b"new")
    old(tmp_path / "twin", b"new")
    before = await world.read(dump)
    stored = names_below(Path("store"))

    outcomes = await run(tmp_path, is_recursive=True, is_dry_run=True, mode=mode)

    told = {Path(outcome.path).name: outcome.status for outcome in outcomes}
    assert told == {"known": "unchanged", "same": "known", "new": "added", "twin": "known"}
    assert await world.read(dump) == before
    assert names_below(Path("store")) == stored
    assert names_below(tmp_path) == ["known", "new", "same", "twin"]
    done = await run(tmp_path, is_recursive=True)
    assert {Path(outcome.path).name: outcome.status for outcome in done} == told


async def test_a_hard_link_is_the_users_own_file(run: Import, world: World, tmp_path: Path) -> None:
    path = old(tmp_path / "a")
    path.chmod(0o640)
    (outcome,) = await run(path, mode="hardlink")
    assert outcome.sha256 is not None
    stored = world.resources.get(FileOperationsResource).store.local_path(outcome.sha256)
    assert stored.samefile(path)
    assert path.stat().st_mode & 0o777 == 0o640


async def test_a_move_takes_the_source_away_once_it_is_recorded(
    run: Import, world: World, tmp_path: Path
) -> None:
    old(tmp_path / "a")
    old(tmp_path / "twin")
    assert statuses(await run(tmp_path, is_recursive=True, mode="move")) == ["added", "known"]
    assert names_below(tmp_path) == []
    assert len(await world.read(rows_of, OriginalSourceInfoComponent)) == 2


async def test_a_move_is_on_the_disk_before_its_source_goes(
    world: World, run: Import, tmp_path: Path
) -> None:
    database, path = world.database, old(tmp_path / "a")
    asked = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
    found: list[object] = []

    @event.listens_for(database._writers.sync_engine, "commit")
    def look(connection: Connection) -> None:
        if path.exists():
            found.append(connection.exec_driver_sql(asked).scalar())

    await run(path, mode="move")

    assert (2 if database.is_sqlite else "on") in found  # reads end in a commit, too
    assert not path.exists()


async def test_a_move_also_takes_away_what_an_earlier_run_left(run: Import, tmp_path: Path) -> None:
    path = old(tmp_path / "a")
    await run(path)  # as a move that was killed after its commit
    (outcome,) = await run(path, mode="move")
    assert (outcome.status, outcome.error) == ("unchanged", None)
    assert not path.exists()


async def test_a_reference_that_changed_is_a_failure_until_it_is_added_again(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes((ASSETS / "pictures" / "lake.jpg").read_bytes())
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    reference = ImportOptions(mode="reference")
    outcomes: list[FileOutcome] = []
    started = world.context.now()
    await import_files(world, [str(path)], reference, outcomes.append)
    path.write_bytes((ASSETS / "pictures" / "sea.jpg").read_bytes())
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    await world.scheduler.run_until_idle()
    ((_, failure),) = await world.read(failures_at, [str(path)], since=started)
    assert failure.error == "ReferenceChangedError"
    assert failure.message.startswith(f"{path} changed after it was added: recorded ")

    await add_files(world, [str(path)], reference, outcomes.append)

    before, after = outcomes
    assert (before.status, after.status) == ("added", "added")
    (place,) = await world.read(rows_of, FileLocationComponent)
    assert (place.entity_id, place.storage) == (after.entity_id, "reference")
    (link,) = await world.read(rows_of, ContentSuccessorComponent)
    assert (link.entity_id, link.successor_entity_id) == (before.entity_id, after.entity_id)
    assert before.entity_id is not None
    assert await world.read(ecs_service.get_component, before.entity_id, FilePropertiesComponent)


async def test_a_reference_can_become_a_copy_and_keeps_its_place(
    run: Import, world: World, tmp_path: Path
) -> None:
    path = old(tmp_path / "a")
    assert statuses(await run(path, mode="reference")) == ["added"]
    assert statuses(await run(path, mode="reference")) == ["unchanged"]
    assert names_below(Path("store")) == []
    assert statuses(await run(path)) == ["unchanged"]  # read, because its bytes were not stored
    places = await world.read(rows_of, FileLocationComponent)
    assert sorted(place.storage for place in places) == ["reference", "store"]


async def test_digests_asked_for_later_come_with_a_rehash(
    world: World, database_url: str, tmp_path: Path
) -> None:
    path = old(tmp_path / "a")
    await import_files(world, [str(path)], ImportOptions())
    both = world_config(
        database_url, worker_kind="thread", extra_digests=frozenset({"md5", "sha1"})
    )
    asking = await build_world(both, plugins=False)
    try:
        await import_files(asking, [str(path)], ImportOptions(is_rehash=True))
    finally:
        await asking.close()
    (md5,) = await world.read(rows_of, ContentHashMD5Component)
    (sha1,) = await world.read(rows_of, ContentHashSHA1Component)
    assert md5.digest == hashlib.md5(b"content", usedforsecurity=False).digest()
    assert sha1.digest == hashlib.sha1(b"content", usedforsecurity=False).digest()
