"""A signal at any moment between start and end: one line, one exit code; and whom none stops."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import sample_command
from tests.command_line import DamCli
from tests.conftest import PROJECT
from tests.faults.test_interrupted import SAID, assert_stopped, by_each_signal

pytestmark = pytest.mark.slow

MOMENTS, MANY_MOMENTS = 6, 100


def wait_for_handler(process: subprocess.Popen[bytes]) -> None:
    """Return when the process has a handler for SIGTERM."""
    while process.poll() is None:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        (caught,) = (line.split()[1] for line in lines if line.startswith("SigCgt:"))
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return


@by_each_signal
@pytest.mark.parametrize("line", ["setup-db", "status", "doctor"])
def test_at_any_moment_it_is_one_line_or_comes_too_late(
    dam_cli: DamCli, home: Path, line: str, number: signal.Signals, *, is_thorough: bool
) -> None:
    """The commands make the world, open it, and look at it without."""
    started = time.monotonic()
    assert dam_cli.with_settings(XDG_DATA_HOME=str(home / "first"))(line).returncode == 0
    whole_s = time.monotonic() - started
    code, error, how = SAID[number]
    moments = MANY_MOMENTS if is_thorough else MOMENTS
    for moment in range(moments):
        cli = dam_cli.with_settings(XDG_DATA_HOME=str(home / f"{moment}"))
        process = cli.start(line, "--json")
        wait_for_handler(process)
        time.sleep(whole_s * moment / moments)
        process.send_signal(number)
        answer, said = process.communicate(timeout=30)
        if process.returncode == 0:
            assert said == b""
            assert json.loads(answer)
            continue
        assert process.returncode == code
        ends = ("nothing was begun", "what was finished stays finished")
        texts = [f"{how}; {end}" for end in ends]
        assert json.loads(said) in [
            {"error": error, "message": text, "hint": None} for text in texts
        ]
        assert cli(line, "--json").returncode == 0  # nothing is left by halves


@by_each_signal
def test_while_python_starts(dam_cli: DamCli, tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "typer.py").write_text(f"import os; os.kill(os.getpid(), {int(number)})")
    result = dam_cli.with_settings(PYTHONPATH=f"{tmp_path}:{PROJECT}")("--version")
    code, _, how = SAID[number]
    assert (result.returncode, result.stderr) == (code, f"error: {how}; nothing was begun\n")


def test_next_to_nothing_is_imported_before_signals_are_handled() -> None:
    """Until then, Ctrl-C is a traceback; `signal` imports `enum`, which takes most of the time."""
    script = (
        "import sys, dam.__main__; print({'re', 'typing', 'typer', 'dam.cli'} & {*sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        env={"PYTHONPATH": str(PROJECT)},
        check=True,
    )
    assert result.stdout == b"set()\n"


@by_each_signal
def test_while_python_ends_it_changes_nothing(home: Path, number: signal.Signals) -> None:
    script = (
        "import atexit, os, sys; from dam.cli import app; sys.argv = ['', '--version']; "
        f"atexit.register(os.kill, os.getpid(), {int(number)}); app()"
    )
    command = [sys.executable, "-c", script]
    environment = DamCli(home).environment
    result = subprocess.run(command, capture_output=True, env=environment, cwd=PROJECT, check=False)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_whoever_started_it_may_have_a_signal_ignored(
    dam_cli: DamCli, home: Path, number: signal.Signals
) -> None:
    """`nohup` does so with SIGHUP, a shell without job control with a background job's SIGINT."""
    for name in (names := [f"{index:03}" for index in range(2000)]):
        (home / name).write_text(name)
    before = signal.signal(number, signal.SIG_IGN)  # a child inherits that, but no handler
    try:
        process = dam_cli.start("add-asset", *names, "--jsonl")
    finally:
        signal.signal(number, before)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")


@by_each_signal
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_it_waits_for_no_reader(home: Path, number: signal.Signals, stream: str) -> None:
    """As when `less` shows the first page: the pipe is full, and nobody reads on."""
    reading, writing = os.pipe()
    with subprocess.Popen(
        sample_command("flood", stream, "--json"),
        stdout=writing if stream == "stdout" else subprocess.PIPE,
        stderr=writing if stream == "stderr" else subprocess.PIPE,
        env=DamCli(home).environment,
        cwd=home,
    ) as process:
        while select.select([], [writing], [], 0)[1]:
            assert process.poll() is None
        process.send_signal(number)
        output, said = process.communicate(timeout=30)
    os.close(reading)
    os.close(writing)
    if stream == "stdout":
        assert_stopped(number, process.returncode, said)
    else:
        assert (process.returncode, output) == (SAID[number][0], b"")
