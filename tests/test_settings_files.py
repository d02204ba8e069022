"""Settings in files: the user's `config.toml`, and the nearest `.env`."""

import json
import os
from pathlib import Path

import pytest

from dam.errors import DamError, ExitCode
from dam.settings import Settings, load_settings

Monkey = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _environment(home: Path, monkeypatch: Monkey) -> None:
    # A copy, so that the tests may write to it plainly.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.chdir(home)


def configured(home: Path, text: str) -> Path:
    file = home / ".config/dam/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def fault() -> tuple[str, str | None]:
    with pytest.raises(DamError) as caught:
        load_settings()
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    return caught.value.message, caught.value.hint


WORLDS = """
default = "scans"
workers = 2
extra_digests = ["MD5"]
worker_environment = ["MINE"]

[worlds.photos]
database_url = "sqlite:///photos.db"
asset_storage_path = "store"

[worlds.scans]
database_url = "postgresql://ann:secret@host/scans"
"""


def test_the_users_file_has_worlds_and_settings(home: Path) -> None:
    file = configured(home, WORLDS)
    settings = load_settings()
    photos = settings.world("photos")
    assert (list(settings.worlds), settings.default_world) == (
        ["photos", "scans", "default"],
        "scans",
    )
    assert photos.database_url == f"sqlite:///{file.parent}/photos.db"
    assert photos.storage_url == f"{file.parent}/store"
    assert (photos.database_origin, photos.is_configured) == (str(file), True)
    assert (settings.workers, settings.worker_kind) == (2, "process")
    assert settings.extra_digests == {"md5"}
    assert settings.worker_environment == {"MINE"}
    assert settings.origins == {
        "default": str(file),
        "workers": str(file),
        "extra_digests": str(file),
        "max_pixels": "default",
        "worker_environment": str(file),
        "log_level": "default",
    }


def test_the_later_of_three_places_wins(home: Path) -> None:
    configured(home, 'workers = 2\nlog_level = "info"\nextra_digests = ["sha1"]\n')
    (home / ".env").write_text("DAM_WORKERS=3\nDAM_LOG_LEVEL=error\n")
    os.environ |= {"DAM_WORKERS": "thread:4", "DAM_EXTRA_DIGESTS": ""}
    settings = load_settings()
    assert (settings.worker_kind, settings.workers) == ("thread", 4)
    assert settings.log_level == "ERROR"
    assert settings.extra_digests == {"sha1"}
    assert settings.origins["workers"] == "environment"
    assert settings.origins["log_level"] == str(home / ".env")
    assert settings.origins["extra_digests"] == str(home / ".config/dam/config.toml")


def test_a_list_of_worlds_adds_to_those_of_the_users_file(home: Path) -> None:
    configured(home, WORLDS)
    listed = {"photos": {"database_url": "sqlite:///other.db"}, "mine": {}}
    os.environ["DAM_WORLDS_CONFIG"] = json.dumps(listed)
    settings = load_settings()
    assert list(settings.worlds) == ["photos", "scans", "mine", "default"]
    photos = settings.world("photos")
    assert photos.database_url == f"sqlite:///{home}/other.db"
    assert photos.storage_url == f"{home}/other-storage"  # never another database's store
    assert (photos.database_origin, photos.storage_origin) == ("environment", "default")


def test_a_database_of_a_folder_is_its_default_and_hides_no_world(home: Path) -> None:
    configured(home, WORLDS)
    (home / ".env").write_text("DAM_DATABASE_URL=sqlite:///mine.db\n")
    settings = load_settings()
    assert settings.default_world == "default"
    assert settings.world().database_url == f"sqlite:///{home}/mine.db"
    assert settings.origins["default"] == str(home / ".env")
    assert settings.world("scans").database_url == "postgresql://ann:secret@host/scans"


def test_a_variable_that_names_a_world_of_the_users_file_changes_it(home: Path) -> None:
    file = configured(home, WORLDS)
    os.environ |= {"DAM_DEFAULT_WORLD_NAME": "photos", "DAM_ASSET_STORAGE_PATH": "/data/store"}
    world = load_settings().world()
    assert world.database_url == f"sqlite:///{file.parent}/photos.db"
    assert world.storage_url == "/data/store"
    os.environ["DAM_DATABASE_URL"] = "sqlite:////data/new.db"
    del os.environ["DAM_ASSET_STORAGE_PATH"]
    assert load_settings().world().storage_url == "/data/new-storage"


def listed(config: object) -> Settings:
    os.environ["DAM_WORLDS_CONFIG"] = json.dumps(config)
    return load_settings()


def test_a_used_default_world_stays_the_default_when_worlds_are_added(home: Path) -> None:
    before = load_settings().world()
    data = home / ".local/share/dam"
    data.mkdir(parents=True)
    (data / "default.db").touch()
    settings = listed({"photos": {"database_url": "sqlite:///p.db"}})
    assert settings.default_world == "default"
    assert settings.world() == settings.world("default")
    assert settings.world().database_url == before.database_url
    assert not settings.world().is_configured


def test_a_default_world_that_was_never_used_waits_for_setup() -> None:
    settings = listed({"photos": {"database_url": "sqlite:///p.db"}})
    assert settings.default_world == "photos"
    assert settings.world("default").is_configured  # so a command asks for `setup-db`


def test_a_world_that_has_the_usual_places_takes_them_over(home: Path) -> None:
    url = f"sqlite:///{home}/.local/share/dam/default.db"
    settings = listed({"photos": {"database_url": url}})
    assert list(settings.worlds) == ["photos"]


def test_the_nearest_file_upwards_counts_and_its_paths_start_there(
    home: Path, monkeypatch: Monkey
) -> None:
    (home / "t1/photos/deep").mkdir(parents=True)
    (home / ".env").write_text("DAM_WORKERS=7\n")
    (home / "t1/.env").write_text("DAM_DATABASE_URL=sqlite:///t1.db\nDAM_WORLDS_CONFIG=w.json\n")
    (home / "t1/w.json").write_text('{"scans": {"asset_storage_path": "s"}}')
    (home / "t1/photos/.env").write_text("SECRET=theirs\n")  # not ours
    for folder in ("t1", "t1/photos", "t1/photos/deep"):
        monkeypatch.chdir(home / folder)
        settings = load_settings()
        assert settings.world().database_url == f"sqlite:///{home}/t1/t1.db"
        assert settings.world().database_origin == f"{home}/t1/.env"
        assert settings.world("scans").storage_url == f"{home}/t1/s"
        assert settings.world("scans").storage_origin == f"{home}/t1/w.json"
        assert settings.origins["workers"] == "default"  # only the nearest counts


def test_lines_of_other_programs_are_not_looked_at(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / ".env").write_text("THEIRS='not closed\n{ no line\nDAM_WORKERS=3\n")
    assert load_settings().workers == 3
    assert caplog.records == []


def test_an_error_names_a_file_above_by_its_path(home: Path, monkeypatch: Monkey) -> None:
    (home / "deep").mkdir()
    (home / ".env").write_text("DAM_WORKERS 3\n")
    monkeypatch.chdir(home / "deep")
    assert fault()[0] == f"line 1 of {home}/.env is not understood; expected NAME=value"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_above_that_another_user_made_is_passed_over(
    home: Path, monkeypatch: Monkey
) -> None:
    (home / "deep").mkdir()
    (home / ".env").write_text("DAM_WORKERS=3\n")
    os.chown(home / ".env", 12345, 12345)
    assert load_settings().workers == 3
    monkeypatch.chdir(home / "deep")
    assert load_settings().origins["workers"] == "default"


def test_a_users_file_that_cannot_be_read_is_not_taken_for_none(home: Path) -> None:
    file = home / ".config/dam/config.toml"
    file.mkdir(parents=True)
    assert fault()[0] == f"{file} is unreadable: is a folder; expected a readable file"
    file.rmdir()
    file.symlink_to(home / "gone.toml")
    assert fault()[0] == f"{file} is unreadable: no such file; expected a readable file"
    file.unlink()
    assert load_settings().origins["default"] == "default"


_EDIT = "`dam-cli config edit` opens it"
_NOT_TOML = "Invalid value (at line 1, column 11); expected TOML, such as workers = 4"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "workers = many",
            f"FILE is not TOML: {_NOT_TOML}",
            _EDIT,
        ),
        ("worker = 4", "unknown setting worker in FILE", "did you mean 'workers'?"),
        (
            'database_url = "x"',
            "unknown setting database_url in FILE",
            "write it below [worlds.default]",
        ),
        (
            "workers = 0",
            "workers in FILE is 0; expected a number from 1 to 256, such as 4",
            None,
        ),
        (
            'default = "fotos"\n[worlds.photos]',
            "default in FILE is 'fotos'; expected one of photos, default",
            "did you mean 'photos'?",
        ),
        (
            "[worlds.photos]\ndatabase_url = 3",
            "database_url of world 'photos' in FILE is a number or a date; expected text",
            None,
        ),
        (
            '[worlds.photos]\ndatabase_url = "mysql://u:secret@h/d"',
            "database_url of world 'photos' in FILE is 'mysql://u:***@h/d'; expected "
            "sqlite:///folder/file.db or postgresql://user:password@host/database",
            None,
        ),
        (
            "worlds = 3",
            "worlds in FILE is a number or a date; expected [worlds.name] and below it "
            'database_url = "…", asset_storage_path = "…"',
            None,
        ),
    ],
)
def test_what_is_wrong_in_the_users_file_is_told(
    home: Path, text: str, message: str, hint: str | None
) -> None:
    file = configured(home, text)
    said, advice = fault()
    assert said.replace(str(file), "FILE") == message
    assert (advice or "").startswith((hint or "").rstrip("*"))
