"""The ways in which bytes go wrong, and a world that has something to lose."""

import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.models import ContentHashSHA256Component
from dam.services.comic_import_service import ComicImportOptions, add_comics
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import FileOutcome, ImportOptions, import_files
from dam.services.process_service import process
from dam.storage.content_store import ImportMode
from tests.core.worlds import rows_of
from tests.services.comics import concept, variant
from tests.unreadable_disk import unreadable_disk

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"
STORED, LINKED, REFERENCED = "stored.jpg", "linked.jpg", "referenced.jpg"
COMIC = "comic.cbt"
_SOURCES = {STORED: "hills.jpg", LINKED: "lake.jpg", REFERENCED: "sea.jpg", "other.jpg": "city.jpg"}
_PAGES = ("flower.jpg", "ball.jpg")
_MODES: dict[str, ImportMode] = {LINKED: "hardlink", REFERENCED: "reference"}


@dataclass(frozen=True)
class Scene:
    """Pictures that are kept in every way, and comics of them.

    Attributes:
        folder: The user's, with the files that were added.
        good: Copies of these that nothing happens to.
        ids: Of the files by name, of pages by the names of their pictures.
        stored: What the store has of each file, by name; the user's own where it is referenced.
        loose: A comic of the single pictures.
        packed: A comic whose pages are in an archive.
    """

    folder: Path
    good: Path
    ids: dict[str, EntityId]
    stored: dict[str, Path]
    loose: EntityId
    packed: EntityId

    @property
    def right(self) -> dict[EntityId, bytes]:
        """The bytes of each picture."""
        names = {**_SOURCES, **dict(zip(_PAGES, _PAGES, strict=True))}
        return {
            self.ids[name]: (PICTURES / picture).read_bytes() for name, picture in names.items()
        }


Rot = Callable[[Scene], AbstractContextManager[None]]


async def make_scene(world: World, folder: Path) -> Scene:
    """Add all of it, and have it processed."""
    good, own = folder / "good", folder / "own"
    good.mkdir()
    for name, picture in _SOURCES.items():
        shutil.copyfile(PICTURES / picture, good / name)
    # A tar file has no checksum of what is in it.
    with tarfile.open(good / COMIC, "w") as archive:
        for page in _PAGES:
            archive.add(PICTURES / page, page)
    shutil.copytree(good, own)
    ids: dict[str, EntityId] = {}
    for name in _SOURCES:
        ids[name] = (await add(world, own / name, _MODES.get(name, "copy"))).entity_id or 0
    (packed,) = await _import_comic(world, own / COMIC)
    await process(world)
    digests = {
        row.entity_id: row.digest for row in await world.read(rows_of, ContentHashSHA256Component)
    }
    ids[COMIC] = next(iter(digests.keys() & {packed}))
    pages = sorted(digests.keys() - set(ids.values()))
    ids |= dict(zip(sorted(_PAGES), pages, strict=True))
    store = world.resources.get(FileOperationsResource).store
    stored = {
        name: own / name if name == REFERENCED else store.local_path(digests[ids[name]])
        for name in (*_SOURCES, COMIC)
    }
    loose = await variant(world, await concept(world), [ids[name] for name in _SOURCES])
    return Scene(own, good, ids, stored, loose, packed)


async def add(
    world: World, path: Path, mode: ImportMode = "copy", *, is_rehash: bool = False
) -> FileOutcome:
    """Import one file."""
    outcomes: list[FileOutcome] = []
    options = ImportOptions(mode=mode, is_rehash=is_rehash)
    await import_files(world, [str(path)], options, outcomes.append)
    (outcome,) = outcomes
    return outcome


async def mend(world: World, scene: Scene) -> None:
    """Add good copies of everything again, and have it processed."""
    own = scene.folder / REFERENCED
    _take_away(own)
    shutil.copy2(scene.good / REFERENCED, own)
    for name in (*_SOURCES, COMIC):
        path = own if name == REFERENCED else scene.good / name
        mode: ImportMode = "reference" if name == REFERENCED else "copy"
        outcome = await add(world, path, mode, is_rehash=True)
        assert (outcome.entity_id, outcome.error) == (scene.ids[name], None)
    await process(world)


async def _import_comic(world: World, path: Path) -> list[EntityId]:
    found: list[EntityId] = []
    await add_comics(
        world,
        [str(path)],
        ComicImportOptions(),
        lambda outcome: found.append(outcome.variant_entity_id or 0),
    )
    return found


@contextmanager
def swapped(scene: Scene) -> Iterator[None]:
    """Two stored files have each other's bytes."""
    first, second = scene.stored[STORED], scene.stored["other.jpg"]
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)
    yield


def _changing(change: Callable[[Path], None], name: str) -> Rot:
    @contextmanager
    def changed(scene: Scene) -> Iterator[None]:
        change(scene.stored[name])
        yield

    return changed


def _in_place(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Return what changes a file's bytes, and of all that `ls` shows at most the size."""

    def write(path: Path) -> None:
        status = path.stat()
        path.chmod(0o644)
        path.write_bytes(change(path.read_bytes()))
        path.chmod(stat.S_IMODE(status.st_mode))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    return write


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _another(content: bytes) -> bytes:
    """Return another picture of the same size in bytes."""
    return (PICTURES / "city-half.jpg").read_bytes().ljust(len(content), b"\0")[: len(content)]


def _touched_in_place(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(_flipped(path.read_bytes()))


def _relinked(path: Path) -> None:
    """Give the name to the inode of another stored picture."""
    path.unlink()
    path.hardlink_to(path.with_name("another"))


def _with_another(relink: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        shutil.copyfile(PICTURES / "city-half.jpg", path.with_name("another"))
        relink(path)

    return change


def _linked_by_name(path: Path) -> None:
    path.unlink()
    path.symlink_to("another")


def _take_away(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _socket(path: Path) -> None:
    path.unlink()
    os.mknod(path, stat.S_IFSOCK | 0o600)


def _other_archive(path: Path) -> None:
    """Put an archive with members of the same names in the place of one."""
    path.unlink()
    with zipfile.ZipFile(path, "w") as archive:
        for name in _PAGES:
            archive.write(PICTURES / "city-half.jpg", name)


@contextmanager
def unreadable(scene: Scene) -> Iterator[None]:
    """The disk cannot deliver one file: EIO."""
    with unreadable_disk(scene.stored[STORED]):
        yield


ROTS = {
    "two files swapped": swapped,
    "a bit flipped": _changing(_touched_in_place, STORED),
    "a bit flipped, the time set back": _changing(_in_place(_flipped), STORED),
    "cut off": _changing(_in_place(lambda content: content[:-500]), STORED),
    "grown": _changing(_in_place(lambda content: content + b"more"), STORED),
    "emptied": _changing(_in_place(lambda _: b""), STORED),
    "another picture's inode": _changing(_with_another(_relinked), STORED),
    "a link to another picture": _changing(_with_another(_linked_by_name), STORED),
    "a folder": _changing(_folder, STORED),
    "a FIFO": _changing(_fifo, STORED),
    "a socket": _changing(_socket, STORED),
    "gone": _changing(Path.unlink, STORED),
    "a disk that cannot deliver it": unreadable,
    "a linked file, changed by its user": _changing(_in_place(_another), LINKED),
    "a referenced file, changed and its time set back": _changing(_in_place(_another), REFERENCED),
    "another archive": _changing(_other_archive, COMIC),
    "a member of an archive flipped": _changing(_in_place(_flipped), COMIC),
}
