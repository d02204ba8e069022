"""The real command shows no password, wherever somebody has put one."""

import json

import pytest

from tests.command_line import DamCli, Result

pytestmark = pytest.mark.slow

WORD = "kumquat"
PASSWORDS = [
    WORD,
    f"{WORD}%40%3A",
    f"p@{WORD}",
    f"p:{WORD}",
    f"ü {WORD} '\"",
    f"%{WORD}",
]
ADDRESSES = [
    *(f"postgresql://ann:{password}@127.0.0.1:1/photos" for password in PASSWORDS),
    f"postgresql://127.0.0.1:1/photos?user=ann&password={WORD}",
    f"postgresql://127.0.0.1:1/photos?sslpassword={WORD}",
    f"postgresql://127.0.0.1:1/photos?p%61ssword={WORD}",
    f"postgresql://ann:{WORD}/photos",
    f"host=127.0.0.1 port=1 user=ann password={WORD} dbname=photos",
    f"user=ann password='it\\'s {WORD}' host=127.0.0.1 port=1",
    f"s3://key:{WORD}@bucket",
    f"postgresql:ann:{WORD}@127.0.0.1/photos",
]


def assert_hidden(result: Result, address: str) -> None:
    assert WORD not in result.stdout + result.stderr, (address, result)
    assert result.returncode != 70, result.stderr


@pytest.fixture
def addresses(*, is_thorough: bool) -> list[str]:
    """Every third address, or all."""
    return ADDRESSES if is_thorough else ADDRESSES[::3]


@pytest.mark.parametrize("address", ADDRESSES)
def test_where_it_belongs(dam_cli: DamCli, address: str) -> None:
    cli = dam_cli.with_settings(DAM_DATABASE_URL=address)
    assert_hidden(cli("status", "--debug"), address)
    assert_hidden(cli("list-worlds", "--json"), address)


@pytest.mark.parametrize(
    "variable",
    [
        "DAM_ASSET_STORAGE_PATH",
        "DAM_WORLDS_CONFIG",
        "DAM_DEFAULT_WORLD_NAME",
        "DAM_WORKERS",
        "DAM_MAX_PIXELS",
        "DAM_LOG_LEVEL",
        "DAM_EXTRA_DIGESTS",
    ],
)
def test_in_another_variable(dam_cli: DamCli, addresses: list[str], variable: str) -> None:
    for address in addresses:
        cli = dam_cli.with_settings(**{variable: address})
        assert_hidden(cli("status", "--debug"), address)
        assert_hidden(cli("list-worlds", "--json"), address)


@pytest.mark.parametrize("command", ["status", "list-worlds", "doctor", "setup-db"])
def test_by_whatever_command(dam_cli: DamCli, addresses: list[str], command: str) -> None:
    for address in addresses[:3]:
        cli = dam_cli.with_settings(DAM_DATABASE_URL=address)
        assert_hidden(cli(command, "--json"), address)
        assert_hidden(dam_cli("--world", address, command, "--debug"), address)


def test_in_the_list_of_worlds(dam_cli: DamCli, addresses: list[str]) -> None:
    for address in addresses:
        worlds = {"a": {"database_url": address}, "b": {"database_url": address}}
        cli = dam_cli.with_settings(DAM_WORLDS_CONFIG=json.dumps(worlds))
        assert_hidden(cli("status", "--debug"), address)
        storage = {"a": {"database_url": "sqlite:///a.db", "asset_storage_path": address}}
        cli = dam_cli.with_settings(DAM_WORLDS_CONFIG=json.dumps(storage))
        assert_hidden(cli("setup-db", "--debug"), address)
        assert_hidden(cli("doctor", "--json"), address)


def test_in_the_place_of_a_command_an_option_or_an_id(
    dam_cli: DamCli, addresses: list[str]
) -> None:
    for address in addresses:
        assert_hidden(dam_cli(address, "--debug"), address)
        assert_hidden(dam_cli("status", address, "--json"), address)
        assert_hidden(dam_cli("process", "--stage", address), address)
        assert_hidden(dam_cli("process", "--mark", address, "--debug"), address)
        assert_hidden(dam_cli("show", address, "--json"), address)
        assert_hidden(dam_cli("--world", address, "status"), address)


def test_in_the_place_of_a_file(dam_cli: DamCli, addresses: list[str]) -> None:
    """A path has one slash where an address has two."""
    for address in addresses[::2]:
        assert_hidden(dam_cli("add-asset", address), address)
        assert_hidden(dam_cli("comic", "import", address), address)
        assert_hidden(dam_cli("find-file-by-hash", "--file", address, "--json"), address)
        assert_hidden(dam_cli("export-asset", "1", "--output", address), address)


def test_a_name_that_stands_for_a_world_twice(dam_cli: DamCli) -> None:
    address = ADDRESSES[0]
    twice = f'{{"{address}": {{}}, "{address}": {{}}}}'
    assert_hidden(dam_cli.with_settings(DAM_WORLDS_CONFIG=twice)("status", "--debug"), address)
    key = json.dumps({"a": {address: "x"}})
    assert_hidden(dam_cli.with_settings(DAM_WORLDS_CONFIG=key)("status", "--debug"), address)
