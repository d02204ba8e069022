"""What workers are given: little of the environment, no new privileges, bounded memory."""

import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dam import children
from dam.app import build_world
from dam.children import child_environment
from dam.errors import HostLimitError, WorkerMemoryError
from dam.workers.pool import WorkerPool
from tests.databases import world_config
from tests.media.archive.printed import names_given_to_a_program
from tests.workers import jobs

DATA_BYTES = 400 << 20
SECRETS = ("DAM_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "DAM_TEST_POSTGRES_URL")
NEEDED = ("LD_LIBRARY_PATH", "TMPDIR", "LC_ALL", "TZ", "PYTHONUTF8")


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(1, data_bytes=DATA_BYTES, environment=frozenset({"MINE", "OURS"})) as pool:
        yield pool


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*SECRETS, *NEEDED, "MINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def test_workers_get_named_variables_only(pool: WorkerPool) -> None:
    found = pool.submit(jobs.variables).result()

    assert not set(SECRETS) & set(found)
    assert {*NEEDED, "PATH", "HOME", "MINE", "OMP_NUM_THREADS"} <= set(found)
    assert set(found) <= {*child_environment({"MINE"}), *jobs_own(found)}


def jobs_own(found: dict[str, str]) -> list[str]:
    """Return what we set ourselves for all workers."""
    return [name for name in found if name.startswith(("OMP_", "MALLOC_"))]


def test_what_a_worker_starts_gets_the_variables_of_the_setting_too(pool: WorkerPool) -> None:
    assert pool.submit(jobs.variables_of_a_child).result()["MINE"] == "1"


def test_workers_gain_no_privileges_and_cannot_raise_their_limits(pool: WorkerPool) -> None:
    assert "NoNewPrivs:\t1" in pool.submit(jobs.status).result()
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert pool.submit(jobs.limits).result() == [
        (DATA_BYTES, DATA_BYTES),
        (0, 0),
        (files, files),
    ]


async def test_unpackers_get_what_the_world_allows_wherever_its_settings_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "_given", set())
    assert "MINE" not in names_given_to_a_program(monkeypatch)
    config = world_config(
        f"sqlite:///{tmp_path / 'dam.db'}",
        storage_url=str(tmp_path / "store"),
        cache_path=tmp_path / "cache",
    )
    config = replace(config, worker_environment=frozenset({"MINE"}))
    world = await build_world(config, plugins=False)
    await world.close()
    assert "MINE" in names_given_to_a_program(monkeypatch)


def test_names_may_have_spaces_around_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAM_WORKER_ENVIRONMENT", "OURS , MINE,")
    assert "MINE" in names_given_to_a_program(monkeypatch)


async def test_too_much_memory_alone_in_a_new_worker_is_the_calls_own_fault(
    pool: WorkerPool, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    sizes = (1000, 2 * DATA_BYTES, 2000)

    outcomes = await pool.map_items(jobs.note_and_take, [(str(notes), size) for size in sizes])

    assert (outcomes[0], outcomes[2]) == (1000, 2000)
    assert isinstance(outcomes[1], WorkerMemoryError)
    assert str(outcomes[1]) == "needs more memory than the 400 MiB that a worker has"
    before, used, alone, after = notes.read_text().split()
    assert before == used != alone != after


async def test_a_call_that_has_room_in_a_new_worker_succeeds(pool: WorkerPool) -> None:
    hoarded = await pool.map_items(jobs.hoard, [DATA_BYTES // 2, DATA_BYTES // 2])

    assert hoarded == [DATA_BYTES // 2, DATA_BYTES // 2]


async def test_memory_that_the_host_does_not_give_is_no_fault_of_the_call() -> None:
    with WorkerPool(1, data_bytes=None) as pool:
        (outcome,) = await pool.map_items(jobs.take_more_than_the_host_gives, [DATA_BYTES])

    assert isinstance(outcome, HostLimitError)
    assert outcome.limit == "memory"


async def test_a_worker_that_the_kernel_kills_is_tried_once_more(
    pool: WorkerPool, tmp_path: Path
) -> None:
    (outcome,) = await pool.map_items(jobs.die_the_first_time, [str(tmp_path / "died")])

    assert isinstance(outcome, int)


def test_a_worker_writes_no_larger_file_than_it_may() -> None:
    with WorkerPool(1, file_bytes=1 << 20) as pool:
        assert pool.submit(jobs.write, 1000).result() == 1000
        assert pool.submit(jobs.write, 3 << 20).result() == 1 << 20
