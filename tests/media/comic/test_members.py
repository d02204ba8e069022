"""The members of an archive that make a comic: its pages in order, and its ComicInfo.xml."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import MediaLimitError
from dam.media.archive.opening import open_archive
from dam.media.comic.members import comic_infos_of, is_clutter, is_page, pages_of
from dam.media.limits import MediaLimits
from tests.media.archive_files import write_zip


def test_what_file_managers_drop_and_other_files_are_no_pages(tmp_path: Path) -> None:
    files = [
        *("b/2.PNG", "b/10.webp", "a/1.jpg", "cover.jpeg", "ComicInfo.xml", "a/notes.txt"),
        *("__MACOSX/a/._1.jpg", "a/._1.jpg", ".hidden.jpg", ".git/1.jpg", "Thumbs.db", "x.jpg/"),
        *("inner.cbz", "a/.DS_Store", "MetronInfo.xml", "@eaDir/1.jpg", ".Trash-1000/1.jpg"),
    ]
    with open_archive(write_zip(tmp_path / "a", dict.fromkeys(files, b"."))) as archive:
        assert [page.name for page in pages_of(archive)] == [
            "cover.jpeg",
            "a/1.jpg",
            "b/2.PNG",
            "b/10.webp",
        ]


def test_names_that_begin_with_a_dot_are_pages(tmp_path: Path) -> None:
    files = [
        *("...and I Love You 01/001.jpg", ".flow/1.jpg", ".hack v01/001.jpg", "./cover.jpg"),
        *(".1.jpg", "...and 2.jpg", ".hack 3.jpg", ".hack/.hack v1 p4.jpg"),
    ]
    with open_archive(write_zip(tmp_path / "a", dict.fromkeys(files, b"."))) as archive:
        assert {page.name for page in pages_of(archive)} == set(files)


def test_the_first_few_comic_infos_are_told_the_outermost_first(tmp_path: Path) -> None:
    files = [
        *("z/y/ComicInfo.xml", "b/comicinfo.XML", "x/w/ComicInfo.xml", "__MACOSX/ComicInfo.xml"),
        *("a/ComicInfo.xml", "MetronInfo.xml", "a.json", "COMICINFO.XML", "MyComicInfo.xml"),
    ]
    with open_archive(write_zip(tmp_path / "a", dict.fromkeys(files, b"."))) as archive:
        assert [member.name for member in comic_infos_of(archive)] == [
            *("COMICINFO.XML", "a/ComicInfo.xml", "b/comicinfo.XML", "x/w/ComicInfo.xml"),
        ]


@pytest.mark.parametrize("most_bytes", [1500, 5000])
def test_a_document_over_the_limit_fails_alone(most_bytes: int, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a", {"ComicInfo.xml": bytes(2000), "2.jpg": b"two"})
    limits = MediaLimits(max_document_bytes=1000, max_member_bytes=most_bytes)
    with open_archive(path, limits) as archive:
        (document,) = comic_infos_of(archive, limits)
        with pytest.raises(MediaLimitError) as caught:
            archive.read(document)
        (page,) = pages_of(archive)
        assert archive.read(page) == b"two"
    assert caught.value.message == (
        "2,000 bytes in the member 'ComicInfo.xml'; at most 1,000 are accepted"
    )


@given(st.text())
def test_clutter_is_no_page(name: str) -> None:
    assert not (is_clutter(name) and is_page(name))
