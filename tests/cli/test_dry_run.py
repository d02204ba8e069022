"""A dry run of a command that changes something changes nothing at all."""

import hashlib
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_command_tree import COMMANDS, options_of
from tests.command_line import DamCli

pytestmark = pytest.mark.slow

ASSETS = Path(__file__).parents[1] / "assets"

# How to call each command so that it changes something in the world of `furnished`; names in braces
# are its ids. A command that is new, in whichever group, gets its line here: without one, the test
# of it fails. What the line needs and is not there yet, `furnish` puts there.
CHANGES: Mapping[str, str] = {
    "add-asset": "new.txt",
    "config edit": "",
    "doctor": "--fix",
    "export-asset": "{picture} --output out",
    "failures dismiss": "--error TornPictureError",
    "forget": "/",
    "gc": "--force",  # the copy is another database to the store
    "process": "",
    "remove-asset": "{picture}",
    "restore-asset": "{trashed}",
    "retry": "",
    "search": "hills --save big",
    "setup-db": "--reset --yes",
    "trash empty": "--yes",
    "tag add": "sea --to {picture}",
    "tag alias": "cat kitty",
    "tag delete": "cat --yes",
    "tag describe": "cat --text Cats",
    "tag merge": "dog cat",
    "tag parent": "cat animal",
    "tag remove": "cat --from {picture}",
    "tag rename": "cat feline",
    "comic add-page": "{variant} {picture}",
    "comic create": "Nemo",
    "comic edit": "{concept} comic_title=Slumberland",
    "comic export": "{variant} --output out.cbz",
    "comic import": "new.cbz",
    "comic link": "{concept} {picture} --force",
    "comic move-page": "{variant} 1 2",
    "comic remove": "{concept}",
    "comic remove-page": "{variant} 1",
    "comic reorder": "{variant} {picture} --drop",
    "comic set-primary": "{second_variant}",
    "comic unlink": "{variant}",
}
CHANGING = [name for name, command in COMMANDS.items() if "--dry-run" in options_of(command)]


@dataclass(frozen=True)
class Furnished:
    """The command with a world in which there is something to do, and ids of what is there."""

    cli: DamCli
    ids: Mapping[str, int]

    def copy(self, home: Path) -> "Furnished":
        """Return the same world in another home, which may be changed."""
        shutil.copytree(self.cli.home, home, dirs_exist_ok=True)
        return replace(self, cli=replace(self.cli, home=home))

    def arguments(self, name: str) -> list[str]:
        """Return a command with what the table says behind it."""
        if name not in CHANGES:
            pytest.fail(f"`{name}` has a dry run: CHANGES has to say what it would change")
        return [*name.split(), *CHANGES[name].format(**self.ids).split()]

    def state(self) -> dict[str, object]:
        """Return all that is kept: the database by rows and rights, other files by their hashes."""
        state: dict[str, object] = {}
        for path in sorted(self.cli.home.rglob("*")):
            if path.suffix == ".db":
                with closing(sqlite3.connect(path)) as database:
                    state["rows"] = list(database.iterdump())
                state["rights"] = path.stat().st_mode
            elif path.is_file() and not path.name.endswith((".db-wal", ".db-shm")):
                state[str(path)] = hashlib.sha256(path.read_bytes()).digest()
        return state


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """A world with pictures, comics, garbage, a failure, and work that is pending."""
    cli = DamCli(tmp_path_factory.mktemp("furnished"), {"VISUAL": "true"})  # for `config edit`
    return Furnished(cli, furnish(cli))


def furnish(cli: DamCli) -> dict[str, int]:
    """Fill a world; return the ids of what is there by names for them."""
    write_comic(cli.home / "one.cbz", "city.jpg", "lake.jpg")
    write_comic(cli.home / "two.cbz", "city-half.jpg", "lake-half.jpg")
    write_comic(cli.home / "new.cbz", "sea.jpg")
    for name in ("garbage.txt", "new.txt", "trashed.txt"):
        (cli.home / name).write_text(name)

    picture = added(cli, ASSETS / "pictures" / "hills.jpg")
    added(cli, ASSETS / "broken" / "truncated.jpg")
    (one,) = succeeded(cli, "comic", "import", "one.cbz")
    concept = one["concept_entity_id"]
    (two,) = succeeded(cli, "comic", "import", "two.cbz", "--concept", str(concept))
    added(cli, ASSETS / "pictures" / "ball.jpg", "--no-process")
    garbage, trashed = (
        added(cli, Path(name), "--no-process") for name in ("garbage.txt", "trashed.txt")
    )
    succeeded(cli, "remove-asset", str(garbage), "--forever")
    succeeded(cli, "tag", "add", "cat", "dog", "--to", str(picture))
    succeeded(cli, "remove-asset", str(trashed))
    for stored in cli.home.glob(".local/share/dam/default-storage/??/??/*"):
        os.utime(stored, (0, 0))
    (cli.home / ".local/share/dam/default.db").chmod(0o644)
    return {
        "picture": picture,
        "concept": concept,
        "variant": one["variant_entity_id"],
        "second_variant": two["variant_entity_id"],
        "trashed": trashed,
    }


def write_comic(path: Path, *pictures: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(pictures, start=1):
            archive.write(ASSETS / "pictures" / name, f"{number:02}.jpg")


def added(cli: DamCli, path: Path, *options: str) -> int:
    (outcome,) = cli("add-asset", path, *options, "--jsonl").jsonl
    entity_id: int = outcome["entity_id"]
    return entity_id


def succeeded(cli: DamCli, *arguments: str) -> Any:
    result = cli(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return result.json


@pytest.mark.parametrize("name", CHANGING)
def test_a_dry_run_leaves_everything_as_it_was(furnished: Furnished, name: str) -> None:
    before = furnished.state()
    planned = furnished.cli(*furnished.arguments(name), "--dry-run")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert planned.stdout
    assert furnished.state() == before


@pytest.mark.parametrize("name", CHANGING)
def test_without_a_dry_run_the_same_changes_something(
    furnished: Furnished, name: str, tmp_path: Path
) -> None:
    world = furnished.copy(tmp_path)
    before = world.state()
    done = world.cli(*world.arguments(name))
    assert done.returncode in (0, 3), done.stderr
    assert world.state() != before


def test_the_table_names_commands_that_there_are() -> None:
    assert set(CHANGES) == set(CHANGING)
