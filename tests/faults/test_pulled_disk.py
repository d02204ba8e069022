"""A disk with referenced files that is pulled: one line, and all by itself once it is back."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dam.core.world import World
from dam.errors import FolderGoneError, ItemError
from dam.services.failure_service import list_failures
from dam.services.import_service import ImportOptions, add_files
from dam.services.process_service import process
from dam.storage.contents.located import LocatedContent, local_file
from dam.storage.local.store import LocalContentStore
from dam.storage.sources.reference import Reference, missing_folder
from tests.command_line import DamCli

pytestmark = pytest.mark.slow

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"
MARKERS = ("NeedsMetadataExtractionComponent", "NeedsContentAnalysisComponent")
NAMES = ("hills.jpg", "lake.jpg", "sea.jpg", "city.jpg", "ball.jpg")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """The folder of a disk: pictures at its top, and in folders."""
    disk = tmp_path / "media" / "my dïsk"
    for number, name in enumerate(NAMES):
        folder = disk / ("" if number == 0 else f"{number % 2}/{number}")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(PICTURES / name, folder)
    (tmp_path / "media" / "another").mkdir()
    return disk


def pull(disk: Path, *, is_mount_point_left: bool) -> None:
    disk.rename(disk.with_name("aside"))
    if is_mount_point_left:
        disk.mkdir()


def put_back(disk: Path) -> None:
    disk.with_name("aside").rename(disk)  # in the place of an empty folder, too


@pytest.mark.parametrize("is_mount_point_left", [False, True])
async def test_what_failed_for_a_pulled_disk_comes_back_with_it(
    world: World, disk: Path, *, is_mount_point_left: bool
) -> None:
    options = ImportOptions(mode="reference", is_recursive=True)
    await add_files(world, [str(disk)], options)
    pull(disk, is_mount_point_left=is_mount_point_left)

    for marker in MARKERS:
        done = await process(world, marker_name=marker)
        assert done.failed == len(NAMES)
    failures = await world.read(list_failures)
    assert {(one.error, one.message, one.hint) for one in failures} == {
        (
            "FolderGoneError",
            f"{disk} is not there, or empty",
            "mount its disk and try again; `dam-cli process` continues with the files in it",
        )
    }
    still = await process(world)
    assert (still.failed, set(still.processed.values())) == (0, {0})

    put_back(disk)
    back = await process(world)
    assert (back.failed, set(back.processed.values()) - {0}) == (0, {len(NAMES)})
    assert await world.read(list_failures) == []


def test_a_pulled_disk_is_one_line(dam_cli: DamCli, disk: Path, home: Path) -> None:
    assert dam_cli("add-asset", "-r", "--no-copy", disk).returncode == 0
    disk.rename(disk.with_name("aside"))
    said = (
        f"{disk} is not there, or empty "
        "(mount its disk and try again; `dam-cli process` continues with the files in it)"
    )

    done = dam_cli("process", "--mark", MARKERS[1])
    assert (done.returncode, done.stderr) == (
        3,
        f"failed: 5 files waiting: analyse_images: {said}\n",
    )
    assert done.stdout == ("analyse_images  5\n5 failed; `dam-cli failures` lists open failures\n")
    assert dam_cli("failures").stdout == f"-  analyse_images  5 files waiting  -  {said}\n"
    assert len(dam_cli("failures", "--json").json) == len(NAMES)

    checked = dam_cli("verify", "--fast")
    assert (checked.returncode, checked.stdout) == (
        3,
        f"-  not reachable  5 files  {disk} is not there, or empty\n"
        "verified 5: 0 damaged, 0 missing, 5 not reachable\n",
    )

    shutil.rmtree(home / ".cache")
    drawn = dam_cli("thumbnail", "1", "2", "3")
    assert (drawn.returncode, drawn.stderr) == (3, f"failed: 3 files waiting: {said}\n")
    exported = dam_cli("export-asset", "1", "2", "-o", "out")
    assert (exported.returncode, exported.stderr) == (3, f"failed: 2 files waiting: {said}\n")
    (home / "a.txt").write_text("text")
    dam_cli("retry", "--no-process")
    added = dam_cli("add-asset", "a.txt")
    assert (added.returncode, added.stderr) == (
        3,
        f"failed: 5 files waiting: analyse_images: {said}\n",
    )

    disk.with_name("aside").rename(disk)
    assert dam_cli("process").stdout == "analyse_images  5\n"


def test_a_disk_that_is_unmounted_is_gone_and_back_when_mounted(
    other_file_system: Path, tmp_path: Path
) -> None:
    point = tmp_path / "point"
    point.mkdir()
    file = other_file_system / "a"
    file.write_bytes(b"x")
    subprocess.run(["mount", "--bind", other_file_system, point], check=True)
    subprocess.run(["umount", point], check=True)
    assert missing_folder(point / "a") == point


def test_a_file_that_alone_is_gone_is_named_alone(tmp_path: Path) -> None:
    (tmp_path / "stays").touch()
    assert missing_folder(tmp_path / "a") is None
    assert missing_folder(tmp_path / "b" / "c" / "a") == tmp_path / "b"
    assert missing_folder(tmp_path / "stays" / "a") == tmp_path / "stays"


def test_a_folder_whose_name_is_too_long_for_a_row_waits_for_nothing_by_itself() -> None:
    short, long = FolderGoneError(Path("/mnt/disk")), FolderGoneError(Path("/mnt/" + "d" * 250))
    assert (short.requirement, long.requirement) == ("file:///mnt/disk", None)


def test_a_disk_that_goes_while_it_is_read_is_gone(disk: Path, tmp_path: Path) -> None:
    path = disk / NAMES[0]
    status = path.stat()
    reference = Reference(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
    content = LocatedContent(digest=bytes(32), is_stored=False, references=(reference,))
    with pytest.raises(ItemError):
        read(tmp_path, content)
    disk.rename(disk.with_name("aside"))
    with pytest.raises(FolderGoneError):
        read(tmp_path, content)


def read(folder: Path, content: LocatedContent) -> bytes:
    with local_file(LocalContentStore(folder / "store"), content) as path:
        return path.read_bytes()
