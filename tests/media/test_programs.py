"""Which files are programs, by name or by content."""

import sys
from pathlib import Path

import pytest

from dam.media.programs import HEAD_BYTES, program_kind


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("holiday.jpg", b"\xff\xd8\xff\xe0", None),
        ("book.pdf", b"%PDF-1.7", None),
        ("notes.txt", b"# a comment\n[Section]\n", None),
        ("page.html", b"<html>", None),
        ("README", b"hello", None),
        ("holiday.desktop", b"", "a starter of the desktop"),
        ("holiday.DESKTOP", b"", "a starter of the desktop"),
        ("holiday.jpg", b"[Desktop Entry]\nExec=rm", "a starter of the desktop"),
        ("holiday.jpg", b"\xef\xbb\xbf\n# x\n\n[Desktop Entry]\n", "a starter of the desktop"),
        ("holiday.jpg", b"#!/bin/sh\n", "a script"),
        ("holiday.sh", b"echo", "a script"),
        ("holiday.jpg.exe", b"", "a program"),
        ("holiday.exe. ", b"", "a program"),
        ("holiday", b"\x7fELF\x02", "a Linux program"),
        ("holiday.jpg", b"MZ\x90", "a Windows program"),
        ("tool.AppImage", b"", "a program"),
        ("x.jar", b"PK\x03\x04", "a program"),
        ("x.deb", b"!<arch>\n", "a package that installs programs"),
    ],
)
def test_a_program_is_told_by_its_name_or_its_content(
    name: str, head: bytes, expected: str | None
) -> None:
    assert program_kind(name, head) == expected


def test_this_interpreter_is_a_program() -> None:
    head = Path(sys.executable).resolve().read_bytes()[:HEAD_BYTES]
    assert program_kind("picture.jpg", head) is not None


def test_a_head_of_blank_lines_is_looked_at_quickly() -> None:
    assert program_kind("a.txt", b"\n" * HEAD_BYTES) is None
    assert program_kind("a.txt", b"#\n" * (HEAD_BYTES // 2)) is None
