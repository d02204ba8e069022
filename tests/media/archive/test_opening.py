"""What is in an archive, in reading order, whatever its format and its file's name."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from dam.errors import MemberMissingError, NotAnArchiveError
from dam.media.archive.opening import Archive, open_archive
from dam.media.comic.members import pages_of
from tests.media.archive_files import (
    IN_ORDER,
    PAGES,
    WRITERS,
    Writer,
    raw_zip,
    write_tar,
    write_zip,
)

every_format = pytest.mark.parametrize(("archive_format", "write"), WRITERS.items())


def names(archive: Archive) -> list[str]:
    return [page.name for page in pages_of(archive)]


@every_format
def test_pages_come_in_natural_order_with_their_bytes(
    archive_format: str, write: Writer, tmp_path: Path
) -> None:
    with open_archive(write(tmp_path / "a", PAGES)) as archive:
        assert archive.format == archive_format
        assert [member.name for member in archive.members] == list(PAGES)
        assert names(archive) == IN_ORDER
        assert {page.name: archive.read(page) for page in pages_of(archive)} == PAGES
        assert [page.size_bytes for page in pages_of(archive)] == [1000, 2000, 10_000]


@every_format
def test_an_extension_says_nothing(archive_format: str, write: Writer, tmp_path: Path) -> None:
    with open_archive(write(tmp_path / "a.pdf", PAGES)) as archive:
        assert archive.format == archive_format


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_tar_file_may_be_packed(mode: str, tmp_path: Path) -> None:
    with open_archive(write_tar(tmp_path / "a", PAGES, mode)) as archive:
        assert {page.name: archive.read(page) for page in pages_of(archive)} == PAGES


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_zip_file_may_be_packed_by_any_method_of_the_standard_library(
    method: int, tmp_path: Path
) -> None:
    with open_archive(write_zip(tmp_path / "a", PAGES, method)) as archive:
        assert {page.name: archive.read(page) for page in pages_of(archive)} == PAGES


def test_a_zip_file_may_follow_other_bytes_and_have_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with zipfile.ZipFile(path, "w") as written:
        written.writestr("1.jpg", b"one")
        written.comment = b'{"ComicBookInfo/1.0": {}}'
    # Its offsets do not know of what is put before it, and its first bytes still are a zip file's.
    path.write_bytes(b"PK\x03\x04" + bytes(96) + path.read_bytes())
    with open_archive(path) as archive:
        assert archive.read(pages_of(archive)[0]) == b"one"


def test_a_member_is_found_by_the_bytes_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(raw_zip([b"\x82\xa0.jpg", b"b.jpg"]))
    with open_archive(path) as archive:
        assert archive.read(archive.member(b"\x82\xa0.jpg")) == b"\x82\xa0.jpg"
        with pytest.raises(MemberMissingError) as caught:
            archive.member(b"c.jpg")
    assert caught.value.message == "the archive has no member 'c.jpg'"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", "inode/x-empty"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
        (b"BZh91AY&SY\0", "application/x-bzip2"),
        (b"words", "text/plain"),
    ],
)
def test_what_is_no_archive_is_named(content: bytes, media_type: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cbz"
    path.write_bytes(content)
    with pytest.raises(NotAnArchiveError) as caught, open_archive(path):
        pass
    assert caught.value.message == (
        f"a file of type {media_type} is not an archive; expected zip, rar, 7z or tar"
    )


@pytest.mark.parametrize("write", [WRITERS["cbz"], WRITERS["cbr"]])
def test_an_empty_archive_has_no_pages(write: Writer, tmp_path: Path) -> None:
    with open_archive(write(tmp_path / "a", {})) as archive:
        assert archive.members == ()
        assert pages_of(archive) == ()


def test_an_archive_of_folders_has_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with tarfile.open(path, "w") as written:
        info = tarfile.TarInfo("folder.jpg")
        info.type = tarfile.DIRTYPE
        written.addfile(info)
    with open_archive(path) as archive:
        assert archive.members == ()
