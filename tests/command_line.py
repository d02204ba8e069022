"""The real command in a process of its own, away from everything the user has set."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import dam
from tests.warm_start import is_short, warm_starter

_TIMEOUT_S = 120.0
_PROJECT = Path(dam.__file__).parents[1]
"""Where the package is that these tests import: it is the one that runs."""

_Argument: TypeAlias = str | bytes | os.PathLike[str]

_READ_BY_PYTHON = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC_", "TZ")
"""How variables begin that the interpreter and the C library read as they start."""


@dataclass(frozen=True)
class Result:
    """What one run of the command left behind."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.stdout)

    @property
    def jsonl(self) -> list[Any]:
        """The JSON values on stdout, one a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def error(self) -> Any:
        """The JSON value on stderr when the whole command failed."""
        return json.loads(self.stderr)


@dataclass(frozen=True)
class DamCli:
    """The command, with a home folder that holds all it keeps; settings only as said here."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    behind: tuple[str, ...] = ()
    """A command that runs this one, such as `prlimit --nofile=20`."""
    packages: tuple[Path, ...] = ()
    """Folders of installed packages, which are found before all others."""

    def __call__(
        self, *arguments: _Argument, stdin: bytes = b"", cwd: Path | None = None
    ) -> Result:
        """Run to the end and return what came of it.

        The interpreter is started anew where that may make a difference, see `tests.warm_start`.
        """
        words = [os.fsencode(argument) for argument in arguments]
        if self._can_start_warm and is_short(words):
            environment, folder = self.environment, cwd or self.home
            starter = warm_starter(environment)
            return _result(*starter.run(words, environment, folder, stdin, _TIMEOUT_S))
        process = self.start(*arguments, cwd=cwd)
        try:
            stdout, stderr = process.communicate(stdin, timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            kill_all(process)
            raise
        return _result(process.returncode, stdout, stderr)

    def start(self, *arguments: _Argument, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """Start the command as the leader of a process group, its streams as pipes of bytes."""
        return subprocess.Popen(
            [*self.behind, sys.executable, "-m", "dam", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd or self.home,
            env=self.environment,
            start_new_session=True,
        )

    def with_settings(self, **settings: str) -> "DamCli":
        """Return the same command with more settings, such as DAM_DATABASE_URL."""
        return replace(self, settings={**self.settings, **settings})

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of the command."""
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(map(str, (*self.packages, _PROJECT))),
            **home_variables(self.home),
            **self.settings,
        }

    @property
    def _can_start_warm(self) -> bool:
        is_plain = not self.behind and not any(
            name.startswith(_READ_BY_PYTHON) for name in self.settings
        )
        is_ourselves = os.geteuid() == os.getuid()
        return is_plain and is_ourselves and "DAM_TEST_COLD" not in os.environ


def home_variables(home: Path) -> dict[str, str]:
    """Return the variables that make a folder the user's home."""
    return {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
    }


def _result(returncode: int, stdout: bytes, stderr: bytes) -> Result:
    streams = (stream.decode(errors="surrogateescape") for stream in (stdout, stderr))
    return Result(returncode, *streams)


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """End the command and its workers at once, as `kill -9` on the group does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
