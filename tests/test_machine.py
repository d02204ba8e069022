"""Each machine has an id of its own, which says nothing about it."""

import os
import stat
from pathlib import Path

import pytest

from dam.errors import OutputFolderError
from dam.settings.machine import machine_id

OF_SYSTEM = "0123456789abcdef0123456789abcdef"


def test_what_the_system_has_is_not_shown_as_it_is(tmp_path: Path) -> None:
    system = tmp_path / "machine-id"
    system.write_text(f"{OF_SYSTEM}\n")
    found = machine_id(system, tmp_path / "data")
    assert found == machine_id(system, tmp_path / "elsewhere")
    assert len(found) == 64
    assert OF_SYSTEM not in found
    system.write_text(f"{OF_SYSTEM[::-1]}\n")
    assert machine_id(system, tmp_path / "data") != found
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("content", [None, "", "uninitialized\n"])
def test_where_the_system_has_none_the_user_gets_one(tmp_path: Path, content: str | None) -> None:
    system, data = tmp_path / "machine-id", tmp_path / "share" / "dam"
    if content is not None:
        system.write_text(content)
    before = os.umask(0)
    try:
        found = machine_id(system, data)
    finally:
        os.umask(before)
    assert machine_id(system, data) == found
    assert machine_id(system, tmp_path / "elsewhere") != found
    (kept,) = data.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (data, data.parent)] == [0o700] * 2
    assert kept.read_text().strip() not in found


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFolderError) as caught:
        machine_id(tmp_path / "none", tmp_path / "file" / "dam")
    assert caught.value.message.startswith(f"cannot write to {tmp_path}/file/dam: ")
