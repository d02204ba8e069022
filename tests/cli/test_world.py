"""The commands about worlds and databases, on worlds that are new, sound and broken."""

import json
from pathlib import Path

import pytest

from dam.models import SCHEMA_REVISION
from tests.command_line import DamCli

pytestmark = pytest.mark.slow


def data(home: Path) -> Path:
    return home / ".local" / "share" / "dam"


def test_listing_and_examining_a_world_does_not_make_it(dam_cli: DamCli) -> None:
    listed = dam_cli("list-worlds", "--json")
    assert listed.json == [
        {
            "name": "default",
            "database": f"sqlite:///{data(dam_cli.home)}/default.db",
            "storage": f"{data(dam_cli.home)}/default-storage",
            "default": True,
            "database_origin": "default",
            "storage_origin": "default",
            "default_origin": "default",
        }
    ]
    examined = dam_cli("doctor", "--json")
    assert (listed.returncode, examined.returncode) == (0, 0)
    assert examined.json["ok"] is True
    assert set(examined.json) >= {"ok", "database", "storage", "decoders"}
    assert examined.json["isolation"] == {
        "ok": True,
        "message": "workers open no files, start no programs and use no network",
    }
    assert set(examined.json["decoders"]["pillow"]) == {"available", "version", "hint"}
    assert list(dam_cli.home.iterdir()) == []


def test_a_world_that_was_never_used_has_nothing_in_it(dam_cli: DamCli) -> None:
    result = dam_cli("status", "--json")
    assert result.returncode == 0
    found = result.json
    assert (found["world"], found["entities"], found["assets"], found["size_bytes"]) == (
        "default",
        0,
        0,
        0,
    )
    assert found["components"]["FilePropertiesComponent"] == 0
    assert found["pending"]["NeedsMetadataExtractionComponent"] == 0
    assert dam_cli("status").stdout == (
        "world 'default': 0 assets, 0 B, 0 entities\npending: nothing\nfailures: 0\n"
    )


def test_a_configured_database_is_set_up_once(dam_cli: DamCli) -> None:
    cli = dam_cli.with_settings(DAM_DATABASE_URL="sqlite:///dam.db")
    url = f"sqlite:///{cli.home}/dam.db"
    refused = cli("status", "--json")
    assert refused.returncode == 5
    assert refused.error == {
        "error": "NotSetUpError",
        "message": f"the database {url} is not set up",
        "hint": "run `dam-cli setup-db`",
    }
    assert cli("doctor").returncode == 5
    planned = cli("setup-db", "--dry-run", "--json")
    assert planned.json["created"] is True
    assert list(cli.home.iterdir()) == []
    made = cli("setup-db", "--json")
    assert made.json == {
        "world": "default",
        "database": url,
        "revision": SCHEMA_REVISION,
        "created": True,
        "saved_copy": None,
        "plugins": [],
        "forgotten": None,
    }
    assert cli("setup-db").stdout == (
        f"world 'default' is up to date: {url}, schema {SCHEMA_REVISION}\n"
    )
    assert cli("doctor").stdout.startswith(f"database: ok, set up and writable ({url})\n")


def test_a_reset_asks_first_and_empties_the_world(dam_cli: DamCli) -> None:
    (dam_cli.home / "a.txt").write_text("a")
    dam_cli("add-asset", "a.txt")
    refused = dam_cli("setup-db", "--reset")
    assert refused.returncode == 2
    database = f"sqlite:///{data(dam_cli.home)}/default.db"
    assert refused.stderr == (
        "error: cannot ask without a terminal: "
        f"Forget everything in world 'default' ({database}): 1 asset and 0 comics; "
        "the stored files stay?\n"
        "hint: add --yes to answer yes\n"
    )
    planned = dam_cli("setup-db", "--reset", "--dry-run").stdout.splitlines()
    assert planned[1] == "would forget 1 asset and 0 comics; the stored files stay"
    assert dam_cli("status", "--json").json["assets"] == 1
    done = dam_cli("setup-db", "--reset", "--yes", "--json").json
    assert done["forgotten"] == {"assets": 1, "comics": 0}
    assert (done["created"], Path(done["saved_copy"]).is_file()) == (True, True)
    said = dam_cli("setup-db", "--reset", "--yes").stdout.splitlines()
    prefix = (
        f"copy of the database before the change: {done['database'].removeprefix('sqlite:///')}."
    )
    assert said[1] == "forgot 0 assets and 0 comics; the stored files stay"
    assert said[2].startswith(prefix)
    assert dam_cli("status", "--json").json["entities"] == 0
    assert len(list(data(dam_cli.home).glob("default-storage/??/??/*"))) == 1


def test_a_broken_database_is_named_by_the_doctor(dam_cli: DamCli) -> None:
    (dam_cli.home / "dam.db").write_bytes(b"this is no database" * 1000)
    cli = dam_cli.with_settings(DAM_DATABASE_URL="sqlite:///dam.db")
    result = cli("doctor", "--json")
    assert result.returncode == 5
    assert (result.json["ok"], result.json["database"]["ok"]) == (False, False)
    assert cli("status").returncode == 5


def test_worlds_are_listed_without_passwords_and_chosen_by_name(dam_cli: DamCli) -> None:
    worlds = {
        "photos": {"database_url": "sqlite:///photos.db"},
        "scans": {"database_url": "postgresql://me:secret@localhost:1/scans"},
    }
    cli = dam_cli.with_settings(DAM_WORLDS_CONFIG=json.dumps(worlds))
    people = cli("list-worlds")
    assert [line.split()[:2] for line in people.stdout.splitlines()] == [
        ["photos", "default"],
        ["scans", "-"],
        ["default", "-"],
    ]
    assert "postgresql://me:***@localhost:1/scans" in people.stdout
    unknown = cli("status", "--world", "fotos")
    assert (unknown.returncode, unknown.stderr) == (
        2,
        "error: no world named 'fotos'; known: photos, scans, default\n"
        "hint: did you mean 'photos'?\n",
    )
    unreachable = cli("doctor", "-w", "scans")
    assert unreachable.returncode == 5
    assert "secret" not in unreachable.stdout + unreachable.stderr


def test_a_misspelt_default_world_is_not_made(dam_cli: DamCli) -> None:
    assert dam_cli("status").returncode == 0
    misspelt = dam_cli.with_settings(DAM_DEFAULT_WORLD_NAME="defualt")
    refused = misspelt("status")
    assert (refused.returncode, refused.stdout) == (5, "")
    assert refused.stderr == (
        "error: DAM_DEFAULT_WORLD_NAME is 'defualt'; expected one of default\n"
        "hint: did you mean 'default'?; `dam-cli setup-db` makes a new world\n"
    )
    assert misspelt("setup-db").returncode == 0
    assert misspelt("status").returncode == 0
