"""What is a comic among files: archives, a folder, or in a library every folder with pictures."""

import os
from pathlib import Path

import pytest

from dam.errors import OnlySubfoldersError
from dam.services.comic_import_service.known_folders import KnownFolders
from dam.services.comic_import_service.sources import (
    ArchiveSource,
    ComicSource,
    FolderSource,
    find_comics,
    find_libraries,
)
from dam.storage.sources.selection import FileSelection
from dam.storage.sources.walk import SkippedPath


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(folder: Path, *, is_library: bool) -> list[ComicSource]:
    return list(find_comics([str(folder)], libraries=[str(folder)] if is_library else []))


def told(folder: Path, sources: list[ComicSource]) -> dict[str, object]:
    """Return what each path is: an archive, a folder of these names, or skipped."""
    meaning: dict[str, object] = {}
    for source in sources:
        path = os.path.relpath(source.path, folder)
        if isinstance(source, FolderSource):
            meaning[path] = list(source.names)
        else:
            meaning[path] = source.reason if isinstance(source, SkippedPath) else "archive"
    return meaning


def test_a_folder_is_one_comic_with_its_chapters(tmp_path: Path) -> None:
    touch(tmp_path, "2/1.jpg", "10/1.jpg", "cover.jpg", "2/ComicInfo.xml", "@eaDir/1.jpg")
    touch(tmp_path, "._1.cbz")
    source, left_out = found(tmp_path, is_library=False)
    assert isinstance(source, FolderSource)
    assert isinstance(left_out, SkippedPath)
    assert source.names == ("cover.jpg", "2/1.jpg", "10/1.jpg")
    assert source.comic_info
    assert source.comic_info.path == str(tmp_path / "2/ComicInfo.xml")


def test_in_a_library_every_folder_with_pictures_is_a_comic_beside_the_archives(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "x.cbz", "Series 1/10.jpg", "Series 1/2.jpg", "Series 2/1.jpg", "notes/a.txt")
    touch(tmp_path, "Series 2/more/1.jpg", "Series 2/ComicInfo.xml", "__MACOSX/Series 1/1.jpg")
    touch(tmp_path, "._x.cbz", ".hack 01/1.jpg", ".hack 02/.1.jpg")
    sources = found(tmp_path, is_library=True)
    assert told(tmp_path, sources) == {
        "x.cbz": "archive",
        "Series 1": ["2.jpg", "10.jpg"],
        "Series 2": ["1.jpg"],
        "Series 2/more": ["1.jpg"],
        ".hack 01": ["1.jpg"],
        ".hack 02": [".1.jpg"],
    }
    by_path = {source.path: source for source in sources}
    second = by_path[str(tmp_path / "Series 2")]
    assert isinstance(second, FolderSource)
    assert second.comic_info
    assert second.comic_info.path == str(tmp_path / "Series 2/ComicInfo.xml")
    assert second.reading.inode == (tmp_path / "Series 2").stat().st_ino


def test_pictures_beside_archives_are_passed_by_with_a_word(tmp_path: Path) -> None:
    touch(tmp_path, "a/One.cbz", "a/cover.jpg", "a/Two.CBR", "a/art/1.png")
    sources = found(tmp_path, is_library=True)
    assert told(tmp_path, sources) == {
        "a/One.cbz": "archive",
        "a/Two.CBR": "archive",
        "a": "pictures next to archives count as their covers, not as a comic",
        "a/art": ["1.png"],
    }
    assert [type(source) for source in sources].count(ArchiveSource) == 2


def test_a_library_without_comics_is_a_folder_without_pictures(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt", "sub/more.txt")
    for is_library in (False, True):
        (source,) = found(tmp_path, is_library=is_library)
        assert isinstance(source, FolderSource)
        assert source.names == ()


def test_archives_in_what_should_be_one_comic_are_a_failure(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "b/x.cbz")
    (passed,) = found(tmp_path, is_library=False)
    assert passed == SkippedPath(
        str(tmp_path),
        "the folder holds archives; expected pictures (leave out --as-one)",
        is_failure=True,
    )


def test_what_the_selection_leaves_out_is_told_after_the_comics_of_a_folder(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "One/1.jpg", "One/2.png", "One/ComicInfo.xml", "One/@eaDir/1.jpg/t.jpg")
    touch(tmp_path, ".git/1.jpg", "x.cbz")
    usual = told(tmp_path, found(tmp_path, is_library=True))
    assert usual == {
        "x.cbz": "archive",
        "One": ["1.jpg", "2.png"],
        ".": "left out: 1 by .git, 1 by @eaDir",
    }
    selection = FileSelection(extensions=("jpg",))
    comic, left_out = find_comics([str(tmp_path / "One")], selection=selection)
    assert isinstance(comic, FolderSource)
    assert isinstance(left_out, SkippedPath)
    assert (comic.names, comic.comic_info is not None) == (("1.jpg",), True)
    assert left_out.left_out == (("--ext", 1), ("@eaDir", 1))


def test_a_folder_with_archives_is_a_library(tmp_path: Path) -> None:
    touch(tmp_path, "deep/er/x.cbz", "deep/1.jpg", "pictures/1.jpg", "pictures/2/1.jpg")
    touch(tmp_path, "pictures/@eaDir/x.cbz", "pictures/notes.txt")
    for name, is_library in ((".", True), ("deep", True), ("pictures", False)):
        folder = str(tmp_path / name)
        assert find_libraries([folder]) == ({folder} if is_library else set())
    no_archives = FileSelection(exclude=("*.cbz",))
    deep = str(tmp_path / "deep")
    assert find_libraries([deep], selection=no_archives) == set()


def test_a_folder_whose_subfolders_alone_have_pictures_may_be_one_comic_or_many(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "cover.txt", "2/1.jpg", "10/1.jpg", "10/2.jpg", "@eaDir/1.jpg")
    with pytest.raises(OnlySubfoldersError) as raised:
        find_libraries([str(tmp_path)])
    assert raised.value.message == (
        f"{tmp_path} holds no archives or pictures itself; 10 and 1 more below it hold pictures"
    )
    assert raised.value.hint == (
        "-r makes a comic of each of these folders, --as-one makes one comic of all"
    )
    known = KnownFolders(comics={str(tmp_path): [str(tmp_path / "2")]})
    assert find_libraries([str(tmp_path)], known=known) == set()


def test_a_folder_that_is_known_keeps_the_folders_that_its_pages_were_in(tmp_path: Path) -> None:
    touch(tmp_path, "Saga/1.jpg", "Saga/x.cbz", "Saga/art/1.jpg", "Saga/new/1.jpg")
    touch(tmp_path, "Two/1.jpg", "Two/own/1.jpg", "Two/new/1.jpg")
    saga, two = str(tmp_path / "Saga"), str(tmp_path / "Two")
    known = KnownFolders(
        comics={saga: [saga, f"{saga}/art"], two: [two], f"{two}/own": [f"{two}/own"]}
    )
    library = list(find_comics([str(tmp_path)], libraries=[str(tmp_path)], known=known))
    assert told(tmp_path, library) == {
        "Saga/x.cbz": "archive",
        "Saga": ["1.jpg", "art/1.jpg"],
        "Saga/new": ["1.jpg"],
        "Two": ["1.jpg"],
        "Two/own": ["1.jpg"],
        "Two/new": ["1.jpg"],
    }
    assert told(tmp_path, list(find_comics([two], known=known))) == {"Two": ["1.jpg", "new/1.jpg"]}
