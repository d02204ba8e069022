"""What can be read of which format without the extra, and without a program."""

import sys
from pathlib import Path

import pytest

from dam.errors import MissingUnpackerError
from dam.media.archive.opening import open_archive
from dam.media.archive.unpackers import installed_unpackers, is_installed
from dam.media.comic.members import pages_of
from dam.media.decoder import Decoder
from tests.media.archive_files import PAGES, WRITERS

_PACKED = "Captain Science #001-cix-cbi.cbr"


@pytest.fixture
def _without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("rarfile", "py7zr"):
        monkeypatch.setitem(sys.modules, module, None)
    for module in ("dam.media.archive.rar_reader", "dam.media.archive.seven_zip_reader"):
        monkeypatch.delitem(sys.modules, module, raising=False)


@pytest.mark.usefixtures("_without_extra")
@pytest.mark.parametrize("archive_format", ["cbz", "cbt"])
def test_zip_and_tar_need_no_extra(archive_format: str, tmp_path: Path) -> None:
    with open_archive(WRITERS[archive_format](tmp_path / "a", PAGES)) as archive:
        assert {page.name: archive.read(page) for page in pages_of(archive)} == PAGES


@pytest.mark.usefixtures("_without_extra")
@pytest.mark.parametrize("archive_format", ["cbr", "cb7"])
def test_rar_and_7z_say_which_extra_they_need(archive_format: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    signature = b"Rar!\x1a\x07\x01\x00" if archive_format == "cbr" else b"7z\xbc\xaf\x27\x1c"
    path.write_bytes(signature)
    with pytest.raises(MissingUnpackerError) as caught, open_archive(path):
        pass
    error = caught.value
    assert error.message == f"no unpacker for {archive_format} archives is installed"
    assert error.hint == 'pip install "ecs-dam[comics]"'
    assert error.requirement == "comics"


def test_what_is_not_packed_in_a_rar_file_needs_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with open_archive(WRITERS["cbr"](tmp_path / "a", PAGES)) as archive:
        assert {page.name: archive.read(page) for page in pages_of(archive)} == PAGES


@pytest.mark.corpus
def test_what_is_packed_says_which_program_it_needs(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = corpus / "comics/comicbox" / _PACKED
    with open_archive(path) as archive, pytest.raises(MissingUnpackerError) as caught:
        archive.read(pages_of(archive)[0])
    assert caught.value.requirement == "unar"
    assert caught.value.hint == "install the program unar, for example with `apt install unar`"


def test_the_library_starts_no_program_itself(tmp_path: Path) -> None:
    """It would give it our whole environment, all rights and the names of members."""
    import rarfile  # noqa: PLC0415 - an extra

    with open_archive(WRITERS["cbr"](tmp_path / "a", PAGES)) as archive:
        assert archive.format == "cbr"
    with pytest.raises(rarfile.RarCannotExec):
        rarfile.custom_popen(["unrar", "p", "a.rar"])


def test_what_is_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name: found.available for name, found in installed_unpackers().items()} == {
        "7z": True,
        "rar": True,
    }
    assert is_installed("comics")
    assert is_installed("unar")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed_unpackers()["rar"] == Decoder(
        available=False,
        version=None,
        hint="install the program unar, for example with `apt install unar`",
    )
    assert not is_installed("unar")
