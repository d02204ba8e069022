"""A world that can only be read: reading goes on, and a command that writes ends with one line."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command_line import DamCli
from tests.conftest import unavailable
from tests.databases import PostgresServer, reading_role
from tests.services.comic_files import make_cbz, pages

pytestmark = pytest.mark.slow

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"
READING = [
    "status",
    "list-worlds",
    "show 1 {variant}",
    "show 1 {variant} --raw",
    "search lake",
    "search --saved",
    "list --limit 3",
    f"find-similar-images {PICTURES}/lake-half.jpg",
    "find-file-by-hash {sha256}",
    "failures",
    "thumbnail 1 2",
    "config show",
    "comic find land",
    "comic show {comic}",
    "comic pages {variant}",
    "comic variants {comic}",
    "comic where-used {page}",
    "comic overlap {variant}",
    "comic duplicates",
]
FEW_READING = ["status", "thumbnail 1 2", f"find-similar-images {PICTURES}/lake-half.jpg"]
WRITING = [
    f"add-asset {PICTURES}/sea.jpg",
    f"add-asset {PICTURES}/lake.jpg",
    "add-asset --mode move new.txt",
    "add-asset --mode reference new.txt",
    "process",
    "retry",
    "failures dismiss --error NoError",
    "remove-asset 1",
    "search lake --save lakes",
    "gc",
    "forget nowhere",
    "setup-db --reset --yes",
    "comic import other.cbz",
    "comic create Title",
    "comic edit {comic} publisher=Norma",
    "comic reorder {variant} --by-name",
    "comic remove {comic}",
]
FEW_WRITING = ["add-asset --mode move new.txt", "gc", "comic edit {comic} publisher=Norma"]


@pytest.fixture
def freeze() -> Iterator[Callable[[Path], None]]:
    """Make files and folders read-only, for root as well, until the test ends."""
    frozen: list[Path] = []

    def call(path: Path) -> None:
        bind = ["mount", "--bind", str(path), str(path)]
        if subprocess.run(bind, check=False, capture_output=True).returncode:
            unavailable("nothing can be mounted here: this needs root")
        frozen.append(path)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(path)], check=True)

    yield call
    for path in reversed(frozen):
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def cli(dam_cli: DamCli) -> DamCli:
    """The command with a world in the folder `kept`: pictures, one in place, and a comic."""
    home = dam_cli.home
    shutil.copytree(PICTURES, home / "pictures")
    (home / "new.txt").write_text("new")
    make_cbz(home / "Land 001.cbz", pages(2))
    make_cbz(home / "other.cbz", pages(1))
    return dam_cli.with_settings(
        DAM_DATABASE_URL=f"sqlite:///{home}/kept/database/dam.db",
        DAM_ASSET_STORAGE_PATH=f"{home}/kept/store",
        XDG_CACHE_HOME=f"{home}/kept/cache",
    )


Ids = dict[str, str]


def fill(cli: DamCli) -> Ids:
    """Make the world; return the ids that commands name, and the digest of asset 1."""
    cli("setup-db")
    assert cli("add-asset", "pictures/lake.jpg", "pictures/hills.jpg").returncode == 0
    assert cli("add-asset", "--no-copy", "pictures/city.jpg").returncode == 0
    (comic,) = cli("comic", "import", "Land 001.cbz", "--json").json
    os.utime(cli.home / "pictures" / "city.jpg")
    variant = str(comic["variant_entity_id"])
    (asset,) = cli("show", "1", "--json").json
    return {
        "comic": str(comic["concept_entity_id"]),
        "variant": variant,
        "page": str(cli("comic", "pages", variant, "--json").json[0]["entity_id"]),
        "sha256": asset["components"]["ContentHashSHA256Component"]["digest"],
    }


def answers(cli: DamCli, commands: list[str], ids: Ids) -> dict[str, tuple[int, str, str]]:
    """Return what each command that only reads tells."""
    told = {}
    for command in commands:
        done = cli(*command.format(**ids).split())
        told[command] = (done.returncode, done.stdout, done.stderr)
    return told


def require_files_to_be_read(cli: DamCli, ids: Ids, *, are_noted: bool = False) -> None:
    """Verify twice, and export: only a writable database notes the time of a touched file."""
    touched = ", 1 touched but intact"
    for end in (touched, "" if are_noted else touched):
        found = cli("verify")
        assert (found.returncode, found.stderr) == (0, "")
        assert found.stdout.endswith(f"0 damaged, 0 missing{end}\n")
    exported = cli("export-asset", "1", "3", "--output", "out")
    assert (exported.returncode, exported.stderr) == (0, "")
    for target in ("a.cbz", "a.pdf"):
        written = cli("comic", "export", ids["variant"], "-o", f"out/{target}")
        assert (written.returncode, written.stderr) == (0, "")


def require_one_line_each(cli: DamCli, commands: list[str], ids: Ids, lines: str) -> None:
    """Run the commands that write; each ends with these lines, and nothing is lost."""
    for command in commands:
        done = cli(*command.format(**ids).split())
        assert (done.returncode, done.stdout, done.stderr) == (5, "", lines), command
    assert (cli.home / "new.txt").read_text() == "new"


def said(cli: DamCli, part: Path) -> str:
    return (
        f"error: the database sqlite:///{cli.home}/kept/database/dam.db is read-only: "
        f"{part} cannot be written to\n"
        "hint: commands that only read work, such as `status`; to change it, make the file, its "
        "folder, and the files -wal and -shm beside it writable\n"
    )


def test_a_read_only_medium_is_read(cli: DamCli, freeze: Callable[[Path], None]) -> None:
    ids = fill(cli)
    before = answers(cli, READING, ids)
    database = cli.home / "kept" / "database"
    names = sorted(path.name for path in database.iterdir())
    freeze(cli.home / "kept")

    assert answers(cli, READING, ids) == before
    require_files_to_be_read(cli, ids)
    require_one_line_each(cli, WRITING, ids, said(cli, database / "dam.db"))
    assert cli("setup-db").stdout.startswith("world 'default' is up to date: ")
    assert sorted(path.name for path in database.iterdir()) == names


@pytest.mark.parametrize("part", ["database", "database/dam.db"])
def test_a_read_only_folder_or_file_is_read(
    cli: DamCli, freeze: Callable[[Path], None], part: str
) -> None:
    ids = fill(cli)
    before = answers(cli, FEW_READING, ids)
    freeze(cli.home / "kept" / part)
    assert answers(cli, FEW_READING, ids) == before
    require_one_line_each(
        cli, FEW_WRITING, ids, said(cli, cli.home / "kept" / "database" / "dam.db")
    )


def test_a_world_of_another_user_is_read(cli: DamCli) -> None:
    ids = fill(cli)
    before = answers(cli, FEW_READING, ids)
    kept = str(cli.home / "kept")
    # Rights bind root, too, without these capabilities.
    reader = replace(cli, behind=("setpriv", "--bounding-set=-dac_override,-dac_read_search"))
    if os.geteuid() or shutil.which("setpriv") is None:
        unavailable("another user's files need root and setpriv")
    subprocess.run(["chown", "-R", "65534", kept], check=True)
    subprocess.run(["chmod", "-R", "go=u-w", kept], check=True)

    assert answers(reader, FEW_READING, ids) == before
    require_files_to_be_read(reader, ids)
    require_one_line_each(
        reader, FEW_WRITING, ids, said(cli, cli.home / "kept" / "database/dam.db")
    )


def test_a_read_only_store_and_cache_are_read(cli: DamCli, freeze: Callable[[Path], None]) -> None:
    ids = fill(cli)
    before = answers(cli, FEW_READING, ids)
    for name in ("store", "cache"):
        freeze(cli.home / "kept" / name)
    assert answers(cli, FEW_READING, ids) == before
    require_files_to_be_read(cli, ids, are_noted=True)


def test_a_world_whose_role_may_only_read_is_read(cli: DamCli, postgres: PostgresServer) -> None:
    url = postgres.create_database(with_schema=True)
    ids = fill(cli.with_settings(DAM_DATABASE_URL=url))
    with reading_role(url) as reading_url:
        reading = cli.with_settings(DAM_DATABASE_URL=reading_url)
        told = answers(reading, READING, ids)
        assert {command for command, (code, _, _) in told.items() if code} == set()
        require_files_to_be_read(reading, ids)
        shown = reading("setup-db", "--json").json["database"]
        for command in WRITING:
            done = reading(*command.format(**ids).split())
            assert (done.returncode, done.stdout) == (5, ""), command
            message, hint = done.stderr.splitlines()
            assert message.startswith(
                f"error: the database {shown} is read-only: for this user: permission denied for "
            )
            assert hint.endswith("to change it, use a server and a user that may write to it")
    postgres.drop_database(url)
    assert (cli.home / "new.txt").read_text() == "new"
