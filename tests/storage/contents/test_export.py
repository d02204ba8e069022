"""Single files out of the world: all of one, or nothing."""

import hashlib
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from dam.errors import FileAccessError, OutputFolderError
from dam.storage.addresses import open_store
from dam.storage.content_store import ContentStore
from dam.storage.contents.export import ExportFile, ExportFolder, give_name
from dam.storage.contents.located import LocatedContent
from dam.storage.contents.taken_names import ExportStoppedError
from dam.storage.sources.folders import open_folder
from tests.storage.conftest import nobody
from tests.storage.removals import forbid_renames_that_leave_names_alone
from tests.storage.stored import made_store, sha256, write

LARGE = os.urandom(1000) * 3000


@pytest.fixture
def store(home: Path) -> ContentStore:
    store = open_store(home / "store")
    store.make()
    return store


@pytest.fixture
def large(home: Path, store: ContentStore) -> LocatedContent:
    (home / "a").write_bytes(LARGE)
    return LocatedContent(digest=store.put(home / "a", "copy").sha256, is_stored=True)


def test_a_folder_that_may_not_be_read_takes_files(
    public_folder: Path,
) -> None:
    drop = public_folder / "drop"
    drop.mkdir()
    drop.chmod(0o333)
    public_folder.chmod(0o777)
    with nobody():
        store = made_store(public_folder / "store")
        digest = store.put(write(public_folder / "a", b"a"), "copy").sha256
        content = LocatedContent(digest=digest, is_stored=True)
        path = ExportFolder(drop, store).write(ExportFile(content, "a", 0)).path
        with open_folder(str(drop)) as folder:
            folder.sync()
    drop.chmod(0o700)

    assert [each.name for each in drop.iterdir()] == ["a"]
    assert path.read_bytes() == b"a"


def test_a_large_file_comes_out_in_pieces(
    home: Path, store: ContentStore, large: LocatedContent
) -> None:
    path = ExportFolder(home / "out", store).write(ExportFile(large, "a", 0)).path
    assert hashlib.sha256(path.read_bytes()).digest() == large.digest
    assert list((home / "out").iterdir()) == [path]


def test_an_export_that_is_stopped_leaves_no_part_of_a_file(
    home: Path, store: ContentStore, large: LocatedContent
) -> None:
    pieces = iter([False, False, True])
    with pytest.raises(ExportStoppedError):
        ExportFolder(home / "out", store).write(ExportFile(large, "a", 0), lambda: next(pieces))
    assert list((home / "out").iterdir()) == []


def test_a_full_disk_is_the_fault_of_the_folder(
    other_file_system: Path, store: ContentStore, large: LocatedContent
) -> None:
    with pytest.raises(OutputFolderError) as caught:
        ExportFolder(other_file_system, store).write(ExportFile(large, "a", 0))
    assert str(caught.value) == f"cannot write to {other_file_system}: no space left on the disk"
    assert list(other_file_system.iterdir()) == []


def test_a_file_that_the_disk_does_not_take_is_the_fault_of_the_file(
    home: Path, store: ContentStore, large: LocatedContent
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(FileAccessError) as caught:
            ExportFolder(home / "out", store).write(ExportFile(large, "a", 0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(caught.value) == f"cannot write {home}/out/a: file too large"
    assert list((home / "out").iterdir()) == []


def test_a_folder_that_is_swapped_meanwhile_gets_all_and_the_other_one_nothing(
    home: Path, store: ContentStore, large: LocatedContent
) -> None:
    out, other = home / "out", home / "other"
    out.mkdir()
    other.mkdir()

    def swap() -> bool:
        if not out.is_symlink():
            out.rename(home / "away")
            out.symlink_to(other)
        return False

    ExportFolder(out, store).write(ExportFile(large, "a", 0), swap)

    assert list(other.iterdir()) == []
    assert [path.name for path in (home / "away").iterdir()] == ["a"]
    assert sha256((home / "away" / "a").read_bytes()) == large.digest


@pytest.mark.parametrize("has_such_renames", [True, False])
@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize("taken_by", [None, "file", "folder", "link"])
def test_a_name_is_given_once(
    home: Path, taken_by: str | None, *, is_folder: bool, has_such_renames: bool
) -> None:
    temporary, target = home / "temporary", home / "target"
    temporary.mkdir() if is_folder else temporary.touch()
    match taken_by:
        case "file":
            target.touch()
        case "folder":
            target.mkdir()
        case "link":
            target.symlink_to("nowhere")

    def give() -> None:
        if not has_such_renames:
            forbid_renames_that_leave_names_alone()
        give_name(temporary, target)

    assert in_a_child(give) == (None if taken_by is None else FileExistsError)
    assert temporary.exists() == (taken_by is not None)
    if taken_by is None:
        assert (target.is_dir(), target.is_file()) == (is_folder, not is_folder)


def in_a_child(job: Callable[[], None]) -> type[Exception] | None:
    """Return what a job raises in a process of its own."""
    known: list[type[Exception] | None] = [None, FileExistsError]
    pid = os.fork()
    if not pid:
        code = 99
        try:
            job()
            code = 0
        except OSError as error:
            code = known.index(type(error))
        finally:
            os._exit(code)
    return known[os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]
