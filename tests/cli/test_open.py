"""`dam-cli open`: hands files to a program of the desktop, here one that notes what it is given."""

import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from tests.command_line import DamCli

pytestmark = pytest.mark.slow

PICTURE = Path(__file__).parents[1] / "assets" / "pictures" / "hills.jpg"
_OPENER = """#!/bin/sh
printf '%s\\n' "$1" >> "$HOME/opened"
exit ${OPENER_CODE:-0}
"""


@pytest.fixture
def desktop(dam_cli: DamCli, tmp_path: Path) -> DamCli:
    """The command on a desktop of its own, whose `xdg-open` writes paths to `~/opened`."""
    programs = tmp_path / "programs"
    programs.mkdir()
    opener = programs / "xdg-open"
    opener.write_text(_OPENER)
    opener.chmod(0o755)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return dam_cli.with_settings(
        PATH=f"{programs}:{os.environ['PATH']}", DISPLAY=":9", TMPDIR=str(temporary)
    )


def _opened(cli: DamCli) -> list[Path]:
    file = cli.home / "opened"
    return [Path(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_stored_file_is_opened_as_a_private_copy_under_its_name(desktop: DamCli) -> None:
    desktop("add-asset", PICTURE)
    result = desktop("open", "1", "--json")
    (path,) = _opened(desktop)
    assert (result.returncode, result.json[0]["path"]) == (0, str(path))
    assert path.name == "hills.jpg"
    assert path.read_bytes() == PICTURE.read_bytes()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_referenced_file_is_opened_in_its_place(desktop: DamCli) -> None:
    own = desktop.home / "my hills.jpg"
    shutil.copyfile(PICTURE, own)
    desktop("add-asset", "--no-copy", own)
    assert desktop("open", "1").returncode == 0
    assert _opened(desktop) == [own]
    assert list(Path(desktop.settings["TMPDIR"]).glob("dam-open-*")) == []


def test_a_page_of_an_archive_is_opened_as_a_copy(desktop: DamCli) -> None:
    with zipfile.ZipFile(desktop.home / "comic.cbz", "w") as archive:
        archive.write(PICTURE, "01.jpg")
    desktop("comic", "import", "comic.cbz")
    (page,) = desktop("comic", "pages", "1", "--json").json
    assert desktop("open", str(page["entity_id"])).returncode == 0
    (path,) = _opened(desktop)
    assert (path.name, path.read_bytes()) == ("01.jpg", PICTURE.read_bytes())


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("trip.desktop", b"[Desktop Entry]\nExec=touch pwned\n", "a starter of the desktop"),
        ("trip.jpg", b"#!/bin/sh\ntouch pwned\n", "a script"),
    ],
)
def test_a_program_is_not_opened(desktop: DamCli, name: str, content: bytes, kind: str) -> None:
    (desktop.home / name).write_bytes(content)
    desktop("add-asset", name, PICTURE)
    result = desktop("open", "1", "2")
    assert result.returncode == 3
    assert f"failed: 1: {name} is {kind}, and is not opened" in result.stderr
    assert [path.name for path in _opened(desktop)] == ["hills.jpg"]
    copies = Path(desktop.settings["TMPDIR"]).glob("dam-open-*/*")
    assert [path.name for path in copies] == ["hills.jpg"]


def test_a_program_that_refuses_is_told(desktop: DamCli) -> None:
    desktop("add-asset", PICTURE)
    result = desktop.with_settings(OPENER_CODE="4")("open", "1", "--json")
    assert result.returncode == 3
    assert result.json[0]["error"] == "OpenerFailedError"
    assert result.json[0]["message"].endswith("xdg-open did not open it: it ended with 4")


def test_without_a_display_or_an_opener_nothing_is_opened(desktop: DamCli, tmp_path: Path) -> None:
    desktop("add-asset", PICTURE)
    blind = desktop.with_settings(DISPLAY="")("open", "1")
    assert (blind.returncode, blind.stderr) == (
        5,
        "error: cannot open files: there is no display\n"
        "hint: run it on a desktop, or use `dam-cli export-asset`\n",
    )
    bare = desktop.with_settings(PATH=str(tmp_path))("open", "1")
    assert bare.returncode == 5
    assert "cannot open files: xdg-open is not installed" in bare.stderr
