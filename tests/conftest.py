"""Fixtures that every test may ask for; no test sees the user's environment."""

import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from dam.stopping import STOP_SIGNALS
from tests.command_line import DamCli, home_variables
from tests.databases import (
    PostgresMissingError,
    PostgresServer,
    create_schema,
    postgres_server,
)

PROJECT = Path(__file__).parents[1]

# A shell that starts the tests in the background has Ctrl-C ignored, and `nohup` has SIGHUP. Child
# processes would go on ignoring them, as they should, and tests that stop these would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)

# Speed is for the benchmarks to judge, and a run in CI must be repeatable.
settings.register_profile("dam", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("dam")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--slow`: the tests of faults strike at many more moments; and `--rewrite-expected`."""
    parser.addoption("--slow", action="store_true", help="strike at many more moments: takes hours")
    parser.addoption("--rewrite-expected", action="store_true", help="write `expected/*.txt` anew")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` starts: tests also wait, for disks, servers, clocks."""
    chosen = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", "")
    return int(chosen) if chosen.isdecimal() else len(os.sched_getaffinity(0)) + 1


@pytest.fixture(scope="session")
def is_thorough(request: pytest.FixtureRequest) -> bool:
    """Tell whether `--slow` was given: strike at many moments, however long that takes."""
    return bool(request.config.getoption("--slow"))


@pytest.fixture(scope="session")
def rewrites_expected(request: pytest.FixtureRequest) -> bool:
    """Tell whether `--rewrite-expected` was given: what a test finds is expected from now on."""
    return bool(request.config.getoption("--rewrite-expected"))


def unavailable(reason: str) -> NoReturn:
    """Skip the test; in CI, where everything must be there, fail it."""
    if "CI" in os.environ:
        pytest.fail(f"{reason} (in CI this is a failure)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, which is also the working directory; no DAM_ variable is set."""
    folder = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith("DAM_") and not name.startswith("DAM_TEST_"):
            monkeypatch.delenv(name)
    for name, value in home_variables(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def signal_handlers() -> Iterator[None]:
    """Undo what a test does to the handlers of signals, which the next test may rely on."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def dam_cli(home: Path) -> DamCli:
    """The real command in a subprocess, with nothing configured."""
    return DamCli(home)


@pytest.fixture
def other_file_system() -> Iterator[Path]:
    """An empty file system of 1 MiB, to be filled or made read-only."""
    # Not below tmp_path: pytest could not clear that away after a run that was killed.
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0755", "tmpfs", folder]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            unavailable("no file system can be mounted here: this needs root")
        yield Path(folder)
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def retried(caplog: pytest.LogCaptureFixture) -> Callable[[], bool]:
    """Tell whether a transaction was run again, as the victim of a deadlock is."""
    caplog.set_level(logging.DEBUG, "dam.core.database.database")
    return lambda: any(record.message == "running a transaction again" for record in caplog.records)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run."""
    try:
        with postgres_server() as server:
            yield server
    except PostgresMissingError as error:
        unavailable(str(error))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the schema and nothing else."""
    path = tmp_path_factory.mktemp("template") / "dam.sqlite"
    create_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database of one's own without any table, once for each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'dam.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database(with_schema=False)
    yield url
    server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database of one's own with the newest schema, once for each engine."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("database") / "dam.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database(with_schema=True)
    yield url
    server.drop_database(url)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The public test corpus; only to be read."""
    path = PROJECT / os.environ.get("DAM_TEST_CORPUS", "../shared/data")
    if not path.is_dir():
        unavailable(f"no test corpus at {path.resolve()}; DAM_TEST_CORPUS names it")
    return path.resolve()
