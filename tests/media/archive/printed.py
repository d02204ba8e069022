"""Has a shell take the place of the program that unpacks RAR, confined as that is."""

import os
from pathlib import Path

import pytest

from dam.asking import Printed
from dam.media.archive import printing


def printed_by_shell(
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    most_bytes: int = 1 << 20,
    program: printing.Program | None = None,
) -> tuple[str, int]:
    """Return what a script prints that runs as the program, and its exit code.

    Its `$0` is the archive, an empty file.
    """
    monkeypatch.setattr(printing, "PRINTING", {"sh": ("-c", script)})
    with Path(os.devnull).open("rb") as file:
        found: Printed = printing.print_members(file.fileno(), most_bytes, program)
    with os.fdopen(found.fd, "rb") as output:
        output.seek(0)
        return output.read().decode(), found.exit_code


def names_given_to_a_program(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the names of the variables that the program gets."""
    lines, _ = printed_by_shell(monkeypatch, "export -p")
    return {line.removeprefix("export ").partition("=")[0] for line in lines.splitlines()}
