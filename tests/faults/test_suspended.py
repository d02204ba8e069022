"""A process that is suspended while it has a SQLite file locked."""

import json
import signal
from pathlib import Path

import pytest

from tests.command_line import DamCli
from tests.core.database.test_sqlite_lock import held, name_of, suspend
from tests.faults.test_interrupted import SAID, assert_stopped

pytestmark = pytest.mark.slow

STOP_S = 15
"""Half of what a lock is waited for; it takes about one second."""


def prepared(dam_cli: DamCli, home: Path) -> DamCli:
    """Return the command in a world with work to do."""
    command = dam_cli.with_settings(DAM_DATABASE_URL=f"sqlite:///{home}/dam.db")
    assert command("setup-db").returncode == 0
    (home / "file").write_text("content")
    assert command("add-asset", "file", "--no-process").returncode == 0
    return command


def test_who_waits_says_for_whom_and_can_be_stopped(
    dam_cli: DamCli, home: Path, *, is_thorough: bool
) -> None:
    command = prepared(dam_cli, home)
    for number in SAID if is_thorough else [signal.SIGTERM]:
        with held(home / "dam.db") as holder:
            suspend(holder)
            process = command.start("process", "--json")
            assert process.stderr is not None
            assert process.stderr.readline().decode() == (
                "warning dam.core.database.sqlite_lock: waiting for the database "
                f"locked_by=process {holder.pid} ({name_of(holder)}, suspended)\n"
            )
            process.send_signal(number)
            _, said = process.communicate(timeout=STOP_S)
        assert_stopped(number, process.returncode, said)
    assert command("process").returncode == 0


def test_who_waits_in_vain_ends(dam_cli: DamCli, home: Path, *, is_thorough: bool) -> None:
    if not is_thorough:
        pytest.skip("it takes half a minute, with --slow")
    command = prepared(dam_cli, home)
    (home / "other").write_text("other")
    with held(home / "dam.db") as holder:
        suspend(holder)
        for line in (["process"], ["add-asset", "other"], ["setup-db", "--reset", "--yes"]):
            process = command.start(*line, "--json")
            output, said = process.communicate(timeout=90)
            assert (process.returncode, output) == (5, b"")
            assert json.loads(said.splitlines()[-1])["error"] == "DatabaseLockedError"
    assert command("add-asset", "other").returncode == 0
