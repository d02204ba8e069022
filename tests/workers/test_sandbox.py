"""What confined workers may do: nothing but to work on the file that their parent has opened."""

import asyncio
import errno
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dam import sandbox
from dam.errors import HostLimitError, WorkerAnswerError, WorkerDiedError, WorkerTimeoutError
from dam.media.image.kind import IMAGE
from dam.sandbox import landlock_version, python_files
from dam.services import doctor_service
from dam.workers.pool import WorkerPool
from tests.conftest import unavailable
from tests.workers import attempts

_PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    if not landlock_version():
        unavailable("this kernel has no Landlock")
    with WorkerPool(1, confined_to=python_files(), preloads=("decimal", "no_such_module")) as pool:
        yield pool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("secret", "spare", "other"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_a_confined_worker_can_do_nothing_to_the_user(pool: WorkerPool, folder: Path) -> None:
    found = pool.submit(attempts.try_all, folder).result()

    refused = {name for name, outcome in found.items() if outcome == "PermissionError"}
    assert refused == found.keys() - attempts.ALLOWED
    assert {found[name] for name in attempts.ALLOWED} == {"ok"}
    assert (folder / "secret").read_text() == "secret"


def test_calls_of_newer_kernels_do_not_exist_for_it(pool: WorkerPool) -> None:
    """Among them are `getxattrat`, `file_setattr` and those that nobody has looked at."""
    numbers = [*range(463, 471), 600, 0x40000000 + 39]
    assert pool.submit(attempts.errors_of_calls, numbers).result() == ["ENOSYS"] * len(numbers)


def test_its_libraries_do_not_bring_the_rest_of_their_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("libodd.so", "libodd.so.1.2"):
        (folder / name).touch()
    monkeypatch.chdir(folder)
    for entry in (".", str(folder)):
        monkeypatch.setenv("LD_LIBRARY_PATH", f"{entry}:/no/such/folder:")
        here = os.path.realpath(folder)
        assert [path for path in python_files() if path.startswith(here)] == [
            f"{here}/libodd.so",
            f"{here}/libodd.so.1.2",
        ]


def test_a_worker_that_is_not_confined_can(folder: Path) -> None:
    """Else the test above would show nothing."""
    with WorkerPool(1) as pool:
        found = pool.submit(attempts.try_all, folder).result()

    assert {outcome for name, outcome in found.items() if name != "signal all"} == {"ok"}


async def test_it_reads_the_files_that_its_parent_opens_for_the_call(
    pool: WorkerPool, folder: Path
) -> None:
    (folder / "a").write_text("a")
    (folder / "b").write_text("b")
    (folder / "link").symlink_to(folder / "secret")
    (folder / "folder").mkdir()
    names = ["a", "b", "secret", "missing", "link", "folder"]
    items = [[folder / name for name in names]] * 2

    found = await pool.map_items(
        attempts.read_all, items, may_read=lambda paths: {paths[0], *paths[3:]}
    )

    refused = "PermissionError"
    expected = ["a", refused, refused, "FileNotFoundError", "secret", "IsADirectoryError"]
    assert found == [expected, expected]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
async def test_a_call_that_does_not_read_its_file_leaves_no_descriptor_open(
    pool: WorkerPool, folder: Path
) -> None:
    items = [folder / "secret"] * 20

    found = await pool.map_items(attempts.open_descriptors, items, may_read=lambda path: [path])

    assert len(set(found)) == 1


async def test_without_being_told_it_reads_nothing(pool: WorkerPool, folder: Path) -> None:
    assert await pool.map_items(attempts.read_all, [[folder / "secret"]]) == [["PermissionError"]]


async def test_it_learns_of_the_folders_of_its_file_whether_they_are_empty(
    pool: WorkerPool, folder: Path
) -> None:
    (folder / "empty").mkdir()
    items = [folder / "empty", folder, folder / "missing", _PROJECT]

    found = await pool.map_items(
        attempts.is_empty, items, may_read=lambda _: [folder / "empty" / "a", folder / "missing"]
    )

    assert found[:2] == [True, False]
    assert isinstance(found[2], FileNotFoundError)
    assert isinstance(found[3], PermissionError)


def test_it_has_no_capabilities_and_types_on_no_terminal(pool: WorkerPool) -> None:
    assert pool.submit(attempts.capabilities).result() == {f"{0:016x}"}
    assert pool.submit(attempts.type_on_a_terminal).result() == "PermissionError"


async def test_what_it_gets_is_a_regular_file(pool: WorkerPool, folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        paths = [folder / "fifo", folder / "socket", Path("/dev/tty"), Path("/dev/zero")]
        (found,) = await pool.map_items(attempts.read_all, [paths], may_read=lambda _: paths)
    assert found == ["OSError"] * 4


async def test_it_makes_the_files_that_its_call_may_make(pool: WorkerPool, folder: Path) -> None:
    (folder / "link").symlink_to(folder / "elsewhere")
    paths = [folder / name for name in ("new", "secret", "link", "other/new", "another")]

    (found,) = await pool.map_items(attempts.make, [paths], may_write=lambda paths: paths[:-1])

    taken, refused = "FileExistsError", "PermissionError"
    assert found == ["written", taken, taken, "NotADirectoryError", refused, "written"]
    assert (folder / "new").read_text() == "written"
    assert (folder / "secret").read_text() == "secret"
    assert not (folder / "elsewhere").exists()
    assert not (folder / "another").exists()


async def test_without_being_told_it_makes_none(pool: WorkerPool, folder: Path) -> None:
    found = await pool.map_items(attempts.make, [[folder / "new"]], may_read=lambda paths: paths)
    assert found == [["PermissionError"] * 2]


async def test_no_program_reads_for_it_what_it_may_not_read(pool: WorkerPool, folder: Path) -> None:
    found = await pool.map_items(
        attempts.unpack_by_path_only, [folder / "secret"], may_write=lambda _: ()
    )
    assert found == ["PermissionError"]


async def test_no_program_prints_without_a_limit(pool: WorkerPool, folder: Path) -> None:
    path = folder / "secret"
    (found,) = await pool.map_items(
        attempts.unpack_negative, [path], may_read=lambda path: [path], may_write=lambda _: ()
    )
    assert isinstance(found, WorkerAnswerError)
    assert found.reason == "a negative number of bytes"


async def test_one_that_answers_twice_answers_for_no_other_file(pool: WorkerPool) -> None:
    for _ in range(2):
        found = await pool.map_items(attempts.answer_twice, ["evil", "a", "b", "c", "d"])
        assert isinstance(found[0], WorkerAnswerError)
        assert found[0].reason == "more than one answer"
        assert found[1:] == ["of a", "of b", "of c", "of d"]


async def test_one_that_asks_for_what_it_may_not_have_gets_no_more_files(
    pool: WorkerPool, folder: Path
) -> None:
    asked, kept = folder / "secret", folder / "other"
    found = await pool.map_items(
        attempts.read_and_say_who,
        [[asked], [asked], [kept, asked], [asked], [asked]],
        may_read=lambda paths: paths[:1],
    )
    assert all(isinstance(each, list) for each in found)
    answers, workers = zip(*((each[:-1], each[-1]) for each in found), strict=True)  # type: ignore[index]
    assert answers[1:4] == (["secret"], ["other", "PermissionError"], ["secret"])
    assert workers[0] == workers[1] == workers[2] != workers[3] == workers[4]


async def test_what_a_file_may_not_be_read_for_costs_no_other_call(
    pool: WorkerPool, folder: Path
) -> None:
    def may_read(path: Path) -> list[Path]:
        if path.name == "spare":
            raise LookupError("unforeseen")
        return [path]

    items = [folder / "secret", folder / "spare", folder / "secret"]
    found = await pool.map_items(attempts.read, items, may_read=may_read)

    assert found[0] == found[2] == b"secret"
    assert isinstance(found[1], LookupError)


@pytest.mark.parametrize("number", [errno.ETOOMANYREFS, errno.ENOBUFS])
async def test_a_system_that_sends_no_descriptors_is_not_the_files_fault(
    pool: WorkerPool, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    send = socket.send_fds

    def fail(connection: socket.socket, buffers: list[bytes], fds: list[int]) -> int:
        if fds:
            raise OSError(number, os.strerror(number))
        return send(connection, buffers, fds)

    monkeypatch.setattr("socket.send_fds", fail)
    items = [folder / "secret"]
    async with asyncio.timeout(50):
        (found,) = await pool.map_items(attempts.read, items, may_read=lambda path: [path])
    assert isinstance(found, HostLimitError)


async def test_large_calls_are_read_before_the_first_begins(pool: WorkerPool, folder: Path) -> None:
    path = Path(str(folder) + "/." * 1800 + "/secret")
    items = [path] * 100
    found = await pool.map_items(attempts.read, items, may_read=lambda path: [path])
    assert found == [b"secret"] * 100


async def test_each_value_is_finished_in_this_process(pool: WorkerPool, folder: Path) -> None:
    def finish(path: Path, found: bytes) -> bytes:
        if path.name == "bad":
            raise ValueError
        return found + str(os.getpid()).encode()

    for name in ("good", "bad"):
        (folder / name).write_text(name)
    items = [folder / "good", folder / "bad", folder / "good"]
    for kind in (pool, WorkerPool(1, kind="thread")):
        found = await kind.map_items(
            attempts.read, items, may_read=lambda path: [path], finish=finish
        )
        assert found[0] == found[2] == b"good%d" % os.getpid()
        assert isinstance(found[1], ValueError)


def test_it_has_imported_what_is_needed_most(pool: WorkerPool) -> None:
    assert pool.submit(attempts.has_module, "decimal").result()


async def test_the_first_picture_needs_no_large_module_that_is_not_there_yet() -> None:
    """A confined worker cannot keep what it has compiled."""
    picture = _PROJECT / "tests/assets/pictures/city.jpg"
    with WorkerPool(1, confined_to=python_files(), preloads=IMAGE.preloads) as pool:
        (found,) = await pool.map_items(
            attempts.modules_for, [picture], may_read=lambda path: [path]
        )

    assert not isinstance(found, Exception)
    assert set(found) <= {"PIL.features"}


async def test_one_that_asks_and_takes_no_answers_fails_its_call_alone(
    pool: WorkerPool, folder: Path
) -> None:
    path = folder / "secret"
    async with asyncio.timeout(50):  # less than the time-out of the connection
        (found,) = await pool.map_items(
            attempts.ask_without_reading, [path], may_read=lambda path: [path]
        )
        after = await pool.map_items(attempts.read, [path], may_read=lambda path: [path])

    assert isinstance(found, WorkerAnswerError)
    assert found.reason == "requests without end"
    assert after == [b"secret"]


@pytest.mark.parametrize("fn", [attempts.ask_for_ever, attempts.answer_byte_by_byte])
async def test_one_that_never_stops_sending_is_stopped(
    pool: WorkerPool, folder: Path, fn: Callable[[Path], None]
) -> None:
    async with asyncio.timeout(60):
        (found,) = await pool.map_items(fn, [folder / "secret"], timeout_s=0.5)

    assert isinstance(found, WorkerTimeoutError)
    assert found.limit_s == 0.5


async def test_a_program_would_not_inherit_the_files_that_it_gets(
    pool: WorkerPool, folder: Path
) -> None:
    found = await pool.map_items(
        attempts.is_inherited, [folder / "secret"], may_read=lambda path: [path]
    )
    assert found == [False]


def test_its_death_is_told_as_that_of_any_worker(pool: WorkerPool) -> None:
    with pytest.raises(WorkerDiedError, match="SIGABRT"):
        pool.submit(attempts.abort).result()


def test_of_a_scripts_folder_only_its_modules_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules may be anywhere: beside a script, in a package that is installed as editable."""
    package = tmp_path / "odd_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "part.py").write_text("value = 1")
    (tmp_path / "odd_module.py").write_text("from odd_package.part import value as value")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "part.zip").touch()
    for entry in ("site-packages", "part.zip"):
        monkeypatch.syspath_prepend(str(tmp_path / entry))
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("odd_package")
    __import__("odd_module")

    found = set(python_files())

    here = str(tmp_path)
    assert {path for path in found if path.startswith(here)} == {
        f"{here}/",
        *(f"{here}/{name}" for name in ("odd_package", "odd_module.py")),
        *(f"{here}/{name}" for name in ("site-packages", "part.zip")),
    }
    with WorkerPool(1, confined_to=tuple(found)) as pool:
        outcomes = pool.submit(attempts.import_and_read, "odd_module", tmp_path / "secret").result()
    assert outcomes == [1, "PermissionError"]


def test_modules_are_found_after_their_folder_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_module.py").write_text("value = 2")
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("late_module")
    with WorkerPool(1, confined_to=python_files()) as pool:
        pool.submit(attempts.has_module, "late_module").result()
        (tmp_path / "new").touch()
        outcomes = pool.submit(attempts.import_and_read, "late_module", tmp_path / "new").result()
    assert outcomes == [2, "PermissionError"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has Landlock")
def test_a_process_with_other_threads_is_not_confined_by_half() -> None:
    with (
        WorkerPool(1, confined_to=python_files(), preloads=("tests.workers.threads",)) as pool,
        pytest.raises(OSError, match="threads were started"),
    ):
        pool.submit(attempts.has_module, "decimal").result()


def test_libraries_are_found_without_starting_programs(pool: WorkerPool) -> None:
    assert pool.submit(attempts.find_library, "c").result() == "libc.so.6"
    assert pool.submit(attempts.find_library, "no such library").result() is None


_WITHOUT_A_CALL = """
import ctypes, os, struct, sys
import dam.sandbox as sandbox
step = sandbox._step
number, error = map(int, sys.argv.pop(1).split())
steps = b"".join([step(0x20, 0), step(0x15, number, 0, 1), step(0x06, 0x00050000 | error),
                  step(0x06, 0x7FFF0000)])
buffer = ctypes.create_string_buffer(steps, len(steps))
program = sandbox._Program(len(steps) // 8, ctypes.cast(buffer, ctypes.c_void_p))
libc = ctypes.CDLL(None)
libc.prctl(38, *map(ctypes.c_ulong, (1, 0, 0, 0)))
nothing = ctypes.c_ulong(0)
assert libc.prctl(22, ctypes.c_ulong(2), ctypes.byref(program), nothing, nothing) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""

_READING = """
import asyncio, sys
from pathlib import Path
from dam.media.image.kind import IMAGE
from dam.workers.pool import WorkerPool
from dam.sandbox import landlock_version, python_files
from tests.workers import attempts

async def main():
    with WorkerPool(1, confined_to=python_files()) as pool:
        path = Path(sys.argv[1])
        found = await pool.map_items(attempts.read, [path], may_read=lambda path: [path])
        print(landlock_version(), found)

asyncio.run(main())
"""


_LANDLOCK, _SECCOMP = 444, {"x86_64": 317, "aarch64": 277}.get(platform.machine(), 444)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has Landlock")
@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EPERM])
@pytest.mark.parametrize("number", [_LANDLOCK, _SECCOMP])
def test_a_kernel_that_cannot_confine_does_not_stop_the_work(
    folder: Path, number: int, error: int
) -> None:
    """Or a container's profile that refuses the calls that it does not know."""
    words = [sys.executable, "-c", _WITHOUT_A_CALL, f"{number} {error}"]
    done = subprocess.run(
        [*words, sys.executable, "-c", _READING, str(folder / "secret")],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )

    version, found = done.stdout.split()
    assert found == "[b'secret']"
    assert version == "0" or number != _LANDLOCK


def test_a_python_of_32_bits_gets_no_filter_for_64(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be killed at its next call."""
    monkeypatch.setattr("sys.maxsize", (1 << 31) - 1)
    monkeypatch.setattr(sandbox, "_libc", lambda: pytest.fail("a filter was set"))
    sandbox._refuse_calls(is_to_execute=False)


@pytest.mark.parametrize("error", [subprocess.CalledProcessError(1, "true"), LookupError("why")])
def test_a_doctor_who_cannot_tell_says_why(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail() -> list[str]:
        raise error

    monkeypatch.setattr(doctor_service, "powers_of_confined_workers", fail)
    found = doctor_service._isolation()
    assert not found.ok
    assert found.message.startswith(f"not confined: {type(error).__name__}: ")
