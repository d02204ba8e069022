"""Paths as bytes, as text, and as names that can be created anywhere."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.errors import display_path
from dam.storage.paths import path_bytes, path_digest, path_from_bytes, safe_base_name

# `.` is no name but the folder itself; pathlib leaves it out.
path_names = st.binary(min_size=1).filter(
    lambda raw: b"\0" not in raw and b"/" not in raw and raw != b"."
)


@given(raw=path_names)
def test_any_bytes_survive_being_a_path(raw: bytes) -> None:
    assert path_bytes(path_from_bytes(b"/" + raw)) == b"/" + raw


@given(raw=path_names)
def test_any_path_is_shown_as_one_printable_line(raw: bytes) -> None:
    shown = display_path(path_from_bytes(b"/" + raw))

    assert shown.isprintable()
    shown.encode()


def test_paths_are_shown_as_they_are_where_possible() -> None:
    assert display_path(Path("/fotos/Küche 1.jpg")) == "/fotos/Küche 1.jpg"
    assert display_path(Path(os.fsdecode(b"/a\xff\n\xe2\x80\xae"))) == "/a\\xff\\n\\u202e"


def test_a_path_of_any_length_has_a_digest_of_32_bytes() -> None:
    assert len(path_digest(b"/a" * 2000)) == len(path_digest(b"")) == 32
    assert path_digest(b"/a") != path_digest(b"/A")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Küche 1.jpg", "Küche 1.jpg"),
        ("a/b\\c:d*e?f.jpg", "a_b_c_d_e_f.jpg"),
        ("new\nline\x7f.png", "new_line_.png"),
        ("bad\udcff.png", "bad_.png"),
        ("x\u202egpj.exe", "x_gpj.exe"),
        ("", "_"),
        (".", "_"),
        ("..", "_"),
        (" ... ", "_"),
        ("ends in a dot.", "ends in a dot"),
        (".hidden", ".hidden"),
        ("con.txt", "_con.txt"),
        ("console.txt", "console.txt"),
        ("n" * 300 + ".tiff", "n" * 250 + ".tiff"),
        ("ü" * 200 + ".jpg", "ü" * 125 + ".jpg"),
        ("n" * 300, "n" * 255),
        ("a." + "n" * 300, "a." + "n" * 253),
    ],
)
def test_names_become_safe(name: str, expected: str) -> None:
    assert safe_base_name(name) == expected


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("names")


@given(name=st.text())
def test_any_name_becomes_one_that_can_be_created(folder: Path, name: str) -> None:
    safe = safe_base_name(name)

    assert safe_base_name(safe) == safe
    (folder / safe).touch(exist_ok=False)
    assert [path.name for path in folder.iterdir()] == [safe]
    (folder / safe).unlink()


@given(name=st.text(), max_bytes=st.integers(8, 255))
def test_a_name_fits_the_room_there_is(name: str, max_bytes: int) -> None:
    assert 0 < len(safe_base_name(name, max_bytes=max_bytes).encode()) <= max_bytes
