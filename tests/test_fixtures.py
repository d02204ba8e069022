"""The fixtures keep what they promise to every other test."""

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.command_line import DamCli
from tests.databases import PostgresServer, postgres_server


@pytest.mark.parametrize("_use", [1, 2])
def test_each_test_has_a_database_of_its_own(empty_database_url: str, _use: int) -> None:
    statement = "CREATE TABLE mark (id INTEGER PRIMARY KEY)"
    if empty_database_url.startswith("sqlite:///"):
        connection = sqlite3.connect(empty_database_url.removeprefix("sqlite:///"))
        connection.execute(statement)
        connection.close()
    else:
        with psycopg.connect(empty_database_url) as server_connection:
            server_connection.execute(statement)


def test_the_environment_is_an_empty_home(home: Path, dam_cli: DamCli) -> None:
    assert Path.cwd() == Path.home() == home
    assert list(home.iterdir()) == []
    assert not [name for name in os.environ if name.startswith("DAM_") and "_TEST_" not in name]
    assert not [name for name in dam_cli.environment if name.startswith("DAM_")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["--version"], b""),
        (["no-such-command", "--json"], b""),
        (["show", b"\xff", "é"], b""),
        (["add-asset", "--jsonl", "-"], b"missing\xff\n"),
        (["config", "show", "--json"], b""),
    ],
)
def test_a_command_of_the_warm_process_does_what_a_new_one_does(
    dam_cli: DamCli, arguments: list[str | bytes], stdin: bytes
) -> None:
    cli = dam_cli.with_settings(DAM_WORKERS="3")
    cold = replace(cli, behind=("env",))
    assert cli(*arguments, stdin=stdin) == cold(*arguments, stdin=stdin)


@pytest.mark.slow
def test_the_server_is_gone_after_an_error(postgres: PostgresServer) -> None:
    del postgres  # skips where there is no PostgreSQL
    code = (
        "from tests.databases import postgres_server\n"
        "with postgres_server() as server:\n"
        "    print(server.create_database(with_schema=False), flush=True)\n"
        "    raise KeyboardInterrupt\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    environment.pop("DAM_TEST_POSTGRES_URL", None)
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    url = process.stdout.strip()
    assert not Path(url.partition("host=")[2]).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


@pytest.mark.slow
def test_a_server_can_be_named(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    named = postgres.create_database(with_schema=False)
    monkeypatch.setenv("DAM_TEST_POSTGRES_URL", named)
    with postgres_server() as server:
        url = server.create_database(with_schema=True)
        psycopg.connect(url).close()
        server.drop_database(url)
    postgres.drop_database(named)
