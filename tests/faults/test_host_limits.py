"""What the host does not give is no fault of a file: exit 5, nothing failed, all of it later."""

import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command_line import DamCli
from tests.conftest import unavailable

pytestmark = pytest.mark.slow

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"
NAMES = ("ball.jpg", "city.jpg", "lake.jpg")

NO_FILES = r"no more files can be opened: `ulimit -n` is \d+"
NO_PROCESSES = r"no more processes and threads can be started: `ulimit -u` is \d+"


@pytest.fixture
def folder(home: Path) -> Path:
    folder = home / "pictures"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(PICTURES / name, folder)
    return folder


def limited(dam_cli: DamCli, *options: str) -> DamCli:
    """Return the command with limits of its own, which no root is exempt from."""
    if shutil.which("prlimit") is None:
        unavailable("prlimit is not installed")
    return replace(dam_cli, behind=("prlimit", *options, "--"))


def assert_stopped(dam_cli: DamCli, *arguments: object, words: str) -> None:
    result = dam_cli(*map(str, arguments))
    assert result.returncode == 5, result
    first, hint = result.stderr.splitlines()
    assert re.fullmatch(f"error: {words}", first)
    assert hint.startswith("hint: ")
    assert hint.endswith("; the same command then continues where it stopped")


def assert_all_is_done_by(dam_cli: DamCli, *arguments: object) -> None:
    """Nothing has failed, or this would say so: a failure stays until it is tried again."""
    again = dam_cli(*map(str, arguments))
    assert again.returncode == 0, again
    status = dam_cli("status", "--json").json
    assert (status["failures"], sum(status["pending"].values())) == (0, 0)
    assert status["components"]["ImagePerceptualPHashComponent"] == len(NAMES)


def test_too_few_files_stop_an_import_and_the_systems(
    dam_cli: DamCli, database_url: str, folder: Path
) -> None:
    dam_cli = dam_cli.with_settings(DAM_DATABASE_URL=database_url, DAM_ASSET_STORAGE_PATH="store")
    few = limited(dam_cli, "--nofile=15")
    assert_stopped(few, "add-asset", "-r", folder, words=NO_FILES)
    assert dam_cli("add-asset", "-r", "--no-process", folder).returncode == 0
    assert_stopped(few, "process", words=NO_FILES)
    assert_all_is_done_by(dam_cli, "process")


def test_too_few_files_stop_an_import_of_comics(dam_cli: DamCli, folder: Path) -> None:
    comics = folder.parent / "comics"
    comics.mkdir()
    for number, name in enumerate(NAMES):
        with zipfile.ZipFile(comics / f"Land {number}.cbz", "w") as comic:
            comic.write(folder / name, "1.jpg")
    few = limited(dam_cli, "--nofile=16")
    assert_stopped(few, "comic", "import", "-r", comics, words=NO_FILES)
    assert_all_is_done_by(dam_cli, "comic", "import", "-r", comics)


@pytest.mark.parametrize("option", ["--nofile={}", "--as={}"])
def test_however_little_there_is_nothing_fails(
    dam_cli: DamCli, folder: Path, option: str, *, is_thorough: bool
) -> None:
    if not is_thorough:
        pytest.skip("only with --slow")
    amounts = range(10, 50) if "nofile" in option else range(100 << 20, 900 << 20, 20 << 20)
    for amount in amounts:
        result = limited(dam_cli, option.format(amount))("add-asset", "-r", folder)
        assert result.returncode in (0, 5), (amount, result)
        assert "failed" not in result.stderr
    assert_all_is_done_by(dam_cli, "add-asset", "-r", folder)


def test_a_cache_that_is_read_only_costs_thumbnails(
    dam_cli: DamCli, folder: Path, other_file_system: Path
) -> None:
    cache = str(other_file_system / "cache")
    dam_cli = dam_cli.with_settings(XDG_CACHE_HOME=cache)
    remount = ["mount", "-o", "remount,ro", str(other_file_system)]
    subprocess.run(remount, check=True)
    result = dam_cli("add-asset", "-r", folder)
    assert (result.returncode, result.stdout[:8]) == (0, "3 added ")
    (line,) = result.stderr.splitlines()
    assert re.fullmatch(
        r"warning .*: thumbnails are not kept reason=the cache .* the file system is read-only",
        line,
    )
    subprocess.run([*remount[:2], "remount,rw", *remount[3:]], check=True)
    assert dam_cli("thumbnail", "1", "2", "3").returncode == 0


@pytest.fixture
def as_nobody(dam_cli: DamCli, folder: Path) -> DamCli:
    """The command as another user, who may read what root has and whose processes are counted."""
    rights = "-all,+dac_read_search,+dac_override"
    user = ["--reuid=65534", "--regid=65534", "--clear-groups"]
    behind = ("setpriv", *user, f"--inh-caps={rights}", f"--ambient-caps={rights}", "--")
    command = replace(dam_cli, behind=behind)
    if shutil.which("setpriv") is None or command("--version").returncode:
        unavailable("nobody cannot be somebody else here: this needs root")
    shutil.chown(folder.parent, 65534, 65534)
    return command


def test_too_few_processes_stop_an_import(as_nobody: DamCli, folder: Path) -> None:
    few = replace(as_nobody, behind=(*as_nobody.behind, "prlimit", "--nproc=5", "--"))
    assert_stopped(few, "add-asset", "-r", folder, words=NO_PROCESSES)
    assert_all_is_done_by(as_nobody, "add-asset", "-r", folder)
