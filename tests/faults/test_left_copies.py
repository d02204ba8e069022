"""Unpacked archives that a killed process has left among the temporary files."""

import os
from pathlib import Path

import pytest

from tests.command_line import DamCli, kill_all
from tests.media.archive_files import write_7z

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("line", [["process"], ["add-asset", "file", "--no-process"], ["gc"]])
def test_the_next_command_that_works_removes_them(
    dam_cli: DamCli, home: Path, tmp_path: Path, line: list[str]
) -> None:
    write_7z(home / "a.cb7", {f"{number}.jpg": os.urandom(99_999) for number in range(3)})
    (home / "file").touch()
    command = dam_cli.with_settings(TMPDIR=str(tmp_path))
    importing = command.start("comic", "import", "a.cb7")
    while not any(path.name != "lock" for path in tmp_path.glob("dam-archives-*/*")):
        assert importing.poll() is None
    kill_all(importing)
    assert len(list(tmp_path.glob("dam-archives-*"))) == 1
    done = command(*line, "--json")
    assert done.returncode == 0
    assert done.json.get("archive_copies", 1) == 1
    assert list(tmp_path.glob("dam-archives-*")) == []
