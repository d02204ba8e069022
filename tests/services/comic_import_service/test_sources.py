"""What is a comic among files: archives, a folder, or with `-r` every folder with pictures."""

import os
from pathlib import Path

from dam.services.comic_import_service.sources import (
    ArchiveSource,
    ComicSource,
    FolderSource,
    find_comics,
)
from dam.storage.sources.selection import FileSelection
from dam.storage.sources.walk import SkippedPath


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(folder: Path, *, is_recursive: bool) -> list[ComicSource]:
    return list(find_comics([str(folder)], is_recursive=is_recursive))


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
    (source,) = found(tmp_path, is_recursive=False)
    assert isinstance(source, FolderSource)
    assert source.names == ("cover.jpg", "2/1.jpg", "10/1.jpg")
    assert source.comic_info
    assert source.comic_info.path == str(tmp_path / "2/ComicInfo.xml")


def test_in_a_library_every_folder_with_pictures_is_a_comic_beside_the_archives(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "x.cbz", "Series 1/10.jpg", "Series 1/2.jpg", "Series 2/1.jpg", "notes/a.txt")
    touch(tmp_path, "Series 2/more/1.jpg", "Series 2/ComicInfo.xml", "__MACOSX/Series 1/1.jpg")
    touch(tmp_path, "._x.cbz", ".hack 01/1.jpg", ".hack 02/.1.jpg")
    sources = found(tmp_path, is_recursive=True)
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
    sources = found(tmp_path, is_recursive=True)
    assert told(tmp_path, sources) == {
        "a/One.cbz": "archive",
        "a/Two.CBR": "archive",
        "a": "pictures next to archives count as their covers, not as a comic",
        "a/art": ["1.png"],
    }
    assert [type(source) for source in sources].count(ArchiveSource) == 2


def test_a_library_without_comics_is_a_folder_without_pictures(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt", "sub/more.txt")
    for is_recursive in (False, True):
        (source,) = found(tmp_path, is_recursive=is_recursive)
        assert isinstance(source, FolderSource)
        assert source.names == ()


def test_archives_in_what_should_be_one_comic_are_a_failure(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "b/x.cbz")
    (passed,) = found(tmp_path, is_recursive=False)
    assert passed == SkippedPath(
        str(tmp_path),
        "the folder holds archives; expected pictures (add -r to import each archive)",
        is_failure=True,
    )


def test_what_the_selection_leaves_out_is_told_after_the_comics_of_a_folder(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "One/1.jpg", "One/2.png", "One/ComicInfo.xml", "One/@eaDir/1.jpg/t.jpg")
    touch(tmp_path, ".git/1.jpg", "x.cbz")
    usual = told(tmp_path, found(tmp_path, is_recursive=True))
    assert usual == {
        "x.cbz": "archive",
        "One": ["1.jpg", "2.png"],
        ".": "left out: 1 by .git, 1 by @eaDir",
    }
    selection = FileSelection(extensions=("jpg",))
    comic, left_out = find_comics([str(tmp_path / "One")], is_recursive=False, selection=selection)
    assert isinstance(comic, FolderSource)
    assert isinstance(left_out, SkippedPath)
    assert (comic.names, comic.comic_info is not None) == (("1.jpg",), True)
    assert left_out.left_out == (("--ext", 1), ("@eaDir", 1))
