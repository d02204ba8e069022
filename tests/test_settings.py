"""What is set, from where, and what is said of settings that cannot be meant."""

import json
import os
import shutil
from pathlib import Path

import pytest

from dam.errors import DamError, ExitCode
from dam.settings import Settings, load_settings
from tests.conftest import PROJECT

Monkey = pytest.MonkeyPatch


def fault_of(**variables: str) -> tuple[str, str | None]:
    """Return message and hint of loading the settings with these variables."""
    os.environ.update(variables)
    with pytest.raises(DamError) as caught:
        load_settings()
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    return caught.value.message, caught.value.hint


@pytest.fixture(autouse=True)
def _environment(home: Path, monkeypatch: Monkey) -> None:
    # A copy, so that the tests may write to it plainly.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.chdir(home)


def test_nothing_set_is_one_world_in_the_users_data_folder(home: Path) -> None:
    settings = load_settings()
    data = home / ".local/share/dam"
    world = settings.world()
    assert (settings.default_world, list(settings.worlds)) == ("default", ["default"])
    assert world.database_url == f"sqlite:///{data}/default.db"
    assert world.storage_url == f"{data}/default-storage"
    assert world.cache_path == home / ".cache/dam"
    assert not world.is_configured
    assert settings.workers >= 1
    assert (settings.worker_kind, settings.extra_digests) == ("process", frozenset())
    assert settings.log_level == "WARNING"


def test_the_example_file_is_the_same_as_nothing_set(home: Path) -> None:
    unset = load_settings()
    shutil.copy(PROJECT / ".env.example", home / ".env")
    assert load_settings() == unset


def test_the_example_file_explains_every_variable() -> None:
    lines = (PROJECT / ".env.example").read_text().splitlines()
    names = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert names == [
        "DAM_DATABASE_URL",
        "DAM_ASSET_STORAGE_PATH",
        "DAM_WORLDS_CONFIG",
        "DAM_DEFAULT_WORLD_NAME",
        "DAM_WORKERS",
        "DAM_WORKER_ENVIRONMENT",
        "DAM_MAX_PIXELS",
        "DAM_EXTRA_DIGESTS",
        "DAM_LOG_LEVEL",
    ]
    assert all(lines[lines.index(f"{name}=") - 1].startswith("#") for name in names[:-1])


def test_the_environment_wins_over_the_file(home: Path) -> None:
    (home / ".env").write_text("DAM_WORKERS=3\nDAM_LOG_LEVEL=debug\nOTHER=x\n")
    os.environ["DAM_WORKERS"] = "thread:5"
    settings = load_settings()
    assert (settings.worker_kind, settings.workers) == ("thread", 5)
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize("found", ["0", "-1", "many", "10000000001"])
def test_the_largest_picture_is_a_number_of_pixels(found: str) -> None:
    assert load_settings().max_pixels is None
    os.environ["DAM_MAX_PIXELS"] = "600000000"
    assert load_settings().max_pixels == 600_000_000
    os.environ["DAM_MAX_PIXELS"] = found
    expected = "a number of pixels from 1 to 10000000000, such as 600000000"
    assert fault_of() == (f"DAM_MAX_PIXELS is '{found}'; expected {expected}", None)


def test_variables_of_workers_are_names_with_commas() -> None:
    os.environ["DAM_WORKER_ENVIRONMENT"] = "LD_PRELOAD, Mine,"
    assert load_settings().worker_environment == {"LD_PRELOAD", "Mine"}
    os.environ["DAM_WORKER_ENVIRONMENT"] = "LD_PRELOAD=x.so"
    with pytest.raises(DamError, match="names of variables, separated by commas"):
        load_settings()


def test_digests_are_a_list_with_commas() -> None:
    os.environ["DAM_EXTRA_DIGESTS"] = "MD5, sha1,"
    assert load_settings().extra_digests == {"md5", "sha1"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///photos.db", "sqlite:///{cwd}/photos.db"),
        ("sqlite:///../photos%3F.db", "sqlite:///{parent}/photos%3F.db"),
        ("sqlite+aiosqlite:////data/photos.db", "sqlite+aiosqlite:////data/photos.db"),
        ("sqlite:///~/photos.db", "sqlite:///{cwd}/photos.db"),
        ("postgresql://me:p%40ss@db:5432/dam", "postgresql://me:p%40ss@db:5432/dam"),
        ("postgres:///dam?host=/run/pg", "postgresql:///dam?host=/run/pg"),
        ("postgresql+psycopg://db/dam", "postgresql+psycopg://db/dam"),
    ],
)
def test_a_database_of_either_kind(home: Path, given: str, expected: str) -> None:
    os.environ["DAM_DATABASE_URL"] = given
    world = load_settings().world()
    assert world.database_url == expected.format(cwd=home, parent=home.parent)
    assert world.is_configured


@pytest.mark.parametrize(
    ("database", "storage"),
    [
        ("sqlite:///photos.db", "{cwd}/photos-storage"),
        (
            "postgresql://me:secret@db:5432/dam",
            "{cwd}/.local/share/dam/postgresql-db-5432-dam-storage",
        ),
        (
            "postgresql:///dam?password=secret&host=/run/pg",
            "{cwd}/.local/share/dam/postgresql--dam-host-run-pg-storage",
        ),
    ],
)
def test_each_database_has_a_store_of_its_own(home: Path, database: str, storage: str) -> None:
    os.environ["DAM_DATABASE_URL"] = database
    assert load_settings().world().storage_url == storage.format(cwd=home)


def test_the_store_alone_can_be_set_and_the_database_stays(home: Path) -> None:
    database = load_settings().world().database_url
    os.environ["DAM_ASSET_STORAGE_PATH"] = "big/disk"
    world = load_settings().world()
    assert world.storage_url == f"{home}/big/disk"
    assert (world.database_url, world.is_configured) == (database, False)


def test_a_store_may_be_a_url() -> None:
    os.environ["DAM_ASSET_STORAGE_PATH"] = "file:///srv/assets"
    assert load_settings().world().storage_url == "file:///srv/assets"


def worlds(config: object) -> Settings:
    os.environ["DAM_WORLDS_CONFIG"] = json.dumps(config)
    return load_settings()


def test_worlds_are_json_text_and_the_first_is_the_default(home: Path) -> None:
    settings = worlds({"photos": {"database_url": "sqlite:///p.db"}, "scans": {}})
    assert (list(settings.worlds), settings.default_world) == (
        ["photos", "scans", "default"],
        "photos",
    )
    assert settings.world().database_url == f"sqlite:///{home}/p.db"
    assert settings.world("scans").database_url == f"sqlite:///{home}/.local/share/dam/scans.db"
    assert not settings.world("scans").is_configured


def test_paths_in_a_file_of_worlds_count_from_its_folder(home: Path) -> None:
    folder = home / "etc"
    folder.mkdir()
    config = {"photos": {"database_url": "sqlite:///p.db", "asset_storage_path": "store"}}
    (folder / "worlds.json").write_text(json.dumps(config))
    os.environ["DAM_WORLDS_CONFIG"] = "etc/worlds.json"
    world = load_settings().world("photos")
    assert world.database_url == f"sqlite:///{folder}/p.db"
    assert world.storage_url == f"{folder}/store"


def test_the_single_variables_add_the_default_world(home: Path) -> None:
    os.environ["DAM_DATABASE_URL"] = "sqlite:///mine.db"
    os.environ["DAM_DEFAULT_WORLD_NAME"] = "mine"
    settings = worlds({"photos": {}})
    assert settings.default_world == "mine"
    assert settings.world().database_url == f"sqlite:///{home}/mine.db"
    assert set(settings.worlds) == {"photos", "mine", "default"}


def test_an_unknown_world_is_wrong_usage() -> None:
    with pytest.raises(DamError) as caught:
        worlds({"photos": {}, "scans": {}}).world("fotos")
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.message == "no world named 'fotos'; known: photos, scans, default"
    assert caught.value.hint == "did you mean 'photos'?"


def test_a_world_cannot_be_set_twice() -> None:
    os.environ["DAM_WORLDS_CONFIG"] = '{"default": {}}'
    assert fault_of(DAM_ASSET_STORAGE_PATH="x") == (
        "the world 'default' is set twice: in DAM_WORLDS_CONFIG, and by DAM_DATABASE_URL or "
        "DAM_ASSET_STORAGE_PATH",
        "unset one, or set DAM_DEFAULT_WORLD_NAME to another name",
    )


def test_two_worlds_cannot_share_a_place(home: Path) -> None:
    config = {"a": {"asset_storage_path": "x"}, "b": {"asset_storage_path": "./x"}}
    assert fault_of(DAM_WORLDS_CONFIG=json.dumps(config)) == (
        f"the worlds 'a' and 'b' share {home}/x",
        "give each world a database and a store of its own",
    )


_URL_FORM = "sqlite:///folder/file.db or postgresql://user:password@host/database"
_NUMBER = "a number from 1 to 256, such as 4"
_NAME = "up to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit"


@pytest.mark.parametrize(
    ("name", "value", "message", "hint"),
    [
        ("WORKERS", "many", f"'many'; expected {_NUMBER}", None),
        ("WORKERS", "0", f"'0'; expected {_NUMBER}", None),
        ("WORKERS", "thread:0", f"'thread:0'; expected {_NUMBER}", None),
        ("WORKERS", "threads:4", f"'threads:4'; expected {_NUMBER}", "did you mean 'thread'?"),
        (
            "LOG_LEVEL",
            "warn",
            "'warn'; expected DEBUG, INFO, WARNING, ERROR, CRITICAL",
            "did you mean 'WARNING'?",
        ),
        (
            "EXTRA_DIGESTS",
            "md5,crc32",
            "'crc32'; expected one or more of md5, sha1, separated by commas",
            None,
        ),
        ("DEFAULT_WORLD_NAME", "a/b", f"'a/b'; expected {_NAME}", None),
        ("DATABASE_URL", "p.db", f"'p.db'; expected {_URL_FORM}", "did you mean sqlite:///p.db?"),
        ("DATABASE_URL", "sqlite://p.db", f"'sqlite://p.db'; expected {_URL_FORM}", None),
        ("DATABASE_URL", "sqlite:///:memory:", f"'sqlite:///:memory:'; expected {_URL_FORM}", None),
        (
            "DATABASE_URL",
            "mysql://u:secret@h/d",
            f"'mysql://u:***@h/d'; expected {_URL_FORM}",
            None,
        ),
        (
            "DATABASE_URL",
            "postgresql://u:se/cr@et@h/d",
            "'postgresql://u:***@h/d'; expected one @, between the password and the host",
            "write an @ in a name, password or option as %40",
        ),
        (
            "DATABASE_URL",
            "sqlite:///p.db?mode=ro",
            "'sqlite:///p.db?mode=ro'; expected no options after the file",
            "remove the ? and what follows it; write a ? in the file's name as %3F",
        ),
        (
            "DATABASE_URL",
            "postgresql://u:secret@h/d?bogus=1",
            "'postgresql://u:***@h/d?bogus=1'; expected options of libpq, such as sslmode=require",
            "look the name up in PostgreSQL's manual",
        ),
    ],
)
def test_a_malformed_value_is_shown_with_the_form_that_is_expected(
    name: str, value: str, message: str, hint: str | None
) -> None:
    assert fault_of(**{f"DAM_{name}": value}) == (f"DAM_{name} is {message}", hint)


def test_a_default_world_that_is_none_of_the_worlds_is_refused() -> None:
    assert fault_of(
        DAM_WORLDS_CONFIG='{"photos": {}, "scans": {}}', DAM_DEFAULT_WORLD_NAME="photo"
    ) == (
        "DAM_DEFAULT_WORLD_NAME is 'photo'; expected one of photos, scans, default",
        "did you mean 'photos'?",
    )


def refusal_of_new_world() -> tuple[str, str | None] | None:
    settings = load_settings()
    try:
        settings.refuse_misspelt_world()
    except DamError as error:
        return error.message, error.hint
    return None


@pytest.mark.parametrize(("name", "near"), [("scand", "did you mean 'scans'?; "), ("photos", "")])
def test_a_new_world_of_which_only_the_name_is_set_is_refused_beside_others(
    home: Path, name: str, near: str
) -> None:
    os.environ["DAM_DEFAULT_WORLD_NAME"] = name
    assert refusal_of_new_world() is None
    data = home / ".local/share/dam"
    data.mkdir(parents=True)
    (data / "scans.db").touch()
    assert refusal_of_new_world() == (
        f"DAM_DEFAULT_WORLD_NAME is '{name}'; expected one of scans",
        f"{near}`dam-cli setup-db` makes a new world",
    )


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"DAM_DEFAULT_WORLD_NAME": "default"},
        {"DAM_DEFAULT_WORLD_NAME": "a", "DAM_WORLDS_CONFIG": '{"a": {}}'},
        {"DAM_DEFAULT_WORLD_NAME": "a", "DAM_DATABASE_URL": "sqlite:///a.db"},
    ],
)
def test_a_new_world_that_is_set_or_the_usual_one_is_not_refused(
    home: Path, setting: dict[str, str]
) -> None:
    (home / ".local/share/dam").mkdir(parents=True)
    (home / ".local/share/dam/scans.db").touch()
    os.environ |= setting
    assert refusal_of_new_world() is None


@pytest.mark.parametrize("name", ["DAM_DATABSE_URL", "DAM_DATABASE_URI", "DAM_DB_URL"])
@pytest.mark.parametrize("place", ["the environment", ".env"])
def test_a_misspelt_name_is_refused(home: Path, name: str, place: str) -> None:
    if place == ".env":
        (home / ".env").write_text(f"{name}=x\n")
    else:
        os.environ[name] = "x"
    assert fault_of() == (f"unknown setting {name} in {place}", "did you mean 'DAM_DATABASE_URL'?")


def test_names_of_tests_and_of_other_programs_are_left_alone() -> None:
    os.environ |= {"DAM_TEST_WORKERS": "x", "DAM_SECRET_TOKEN": "x", "DATABSE_URL": "x"}
    assert load_settings().world().name == "default"


_WORLDS = 'expected {"name": {"database_url": "…", "asset_storage_path": "…"}}'


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            '{"a": {"database_url": "postgresql://u:secret@h"}',
            "DAM_WORLDS_CONFIG is not JSON: Expecting ',' delimiter: line 1 column 50 (char 49);"
            f" {_WORLDS}",
            None,
        ),
        ("[]", f"DAM_WORLDS_CONFIG is a JSON list; {_WORLDS}", None),
        ("{}", f"DAM_WORLDS_CONFIG is empty; {_WORLDS}", None),
        ('{"a": 3}', f"world 'a' in DAM_WORLDS_CONFIG is a JSON number; {_WORLDS}", None),
        (
            '{"a": {"database_url": "x"}, "b": {}, "a": {}}',
            "DAM_WORLDS_CONFIG is JSON with 'a' twice; expected each name once",
            None,
        ),
        ('{"a b": {}}', f"a world's name in DAM_WORLDS_CONFIG is 'a b'; expected {_NAME}", None),
        (
            '{"a": {"databse_url": "x"}}',
            "unknown setting databse_url in world 'a' in DAM_WORLDS_CONFIG",
            "did you mean 'database_url'?",
        ),
        (
            '{"a": {"database_url": "mysql://u:secret@h/d"}}',
            "database_url of world 'a' in DAM_WORLDS_CONFIG is 'mysql://u:***@h/d';"
            f" expected {_URL_FORM}",
            None,
        ),
        (
            '{"a": {"asset_storage_path": null}}',
            "asset_storage_path of world 'a' in DAM_WORLDS_CONFIG is a JSON null; expected text",
            None,
        ),
        (
            "no.json",
            "DAM_WORLDS_CONFIG (no.json) is no such file; expected JSON text or a JSON file",
            None,
        ),
        (
            ".",
            "DAM_WORLDS_CONFIG (.) is a folder; expected JSON text or a JSON file",
            None,
        ),
    ],
)
def test_a_malformed_list_of_worlds_is_explained(text: str, message: str, hint: str | None) -> None:
    assert fault_of(DAM_WORLDS_CONFIG=text) == (message, hint)


def test_a_file_that_is_not_text_is_refused(home: Path) -> None:
    (home / ".env").write_bytes(b"DAM_WORKERS=\xff\n")
    assert fault_of() == (".env is not UTF-8 text; expected lines of NAME=value", None)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('DAM_DATABASE_URL="sqlite:////tmp/mine.db\nDAM_ASSET_STORAGE_PATH=store\n', 1),
        ("# mine\n\n\nDAM_WORKERS 3\n", 4),
        ("DAM_WORKERS=3\nDAM_DATABASE_URL\n", 2),
        ("DAM_WORKERS:3\n", 1),
        ("DAM_DATABASE_URL='a'b\n", 1),
    ],
)
def test_a_line_that_would_be_skipped_is_refused(home: Path, text: str, line: int) -> None:
    (home / ".env").write_text(text)
    assert fault_of() == (
        f"line {line} of .env is not understood; expected NAME=value",
        "check that each quote is closed; # begins a comment",
    )


def test_lines_of_other_programs_are_theirs(home: Path) -> None:
    (home / ".env").write_text("some words\nTHEIRS='a'b\nBARE\nDAM_WORKERS=3\n")
    assert load_settings().workers == 3


def test_a_mark_at_the_files_beginning_is_no_part_of_a_name(home: Path) -> None:
    (home / ".env").write_text("DAM_WORKERS=3\n", encoding="utf-8-sig")
    assert load_settings().workers == 3
