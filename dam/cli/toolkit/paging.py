"""Sends long output on a terminal through the user's pager, as git does."""

import os
import shlex
import subprocess
from contextlib import suppress
from contextvars import ContextVar
from typing import IO, TextIO

from dam.cli.toolkit.tables import width_of, without_links
from dam.stopping import StoppedBySignalError

CURRENT_PAGER: ContextVar["Pager | None"] = ContextVar("pager", default=None)
"""Takes the lines of results; None: they go to stdout at once."""

_STAYS = "SIGINT"  # `less` takes Ctrl-C for "stop looking for that", and goes on


class Pager:
    """Holds lines back until they are more than a screen has; from then on the pager has them.

    Args:
        terminal: Where the lines go, at last.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._columns, self._rows_left = os.get_terminal_size(terminal.fileno())
        self._waiting: list[str] | None = [] if self._rows_left else None  # 0: it does not know
        self._process: subprocess.Popen[str] | None = None
        self._has_links = True

    def write(self, line: str) -> None:
        """Take a line.

        Raises:
            BrokenPipeError: The user has left the pager.
        """
        if self._waiting is None:
            self._pass_on(line)
            return
        self._waiting.append(line)
        self._rows_left -= max(1, -(-width_of(line) // (self._columns or 80)))
        if self._rows_left < 1:  # the last row is for the shell's next prompt
            self._start()
            self._end_waiting()

    def close(self) -> None:
        """Write what is held back, or wait until the user leaves the pager."""
        self._end_waiting()
        process = self._process
        if process is None:
            return
        while True:
            try:
                with suppress(BrokenPipeError):  # it has been left; `wait` says so as well
                    _input(process).close()
                process.wait()
            except StoppedBySignalError as error:
                if error.signal.name != _STAYS:
                    process.terminate()
                    raise
            else:
                return

    def _end_waiting(self) -> None:
        waiting, self._waiting = self._waiting or (), None
        for line in waiting:
            self._pass_on(line)

    def _pass_on(self, line: str) -> None:
        if self._process is None:
            self._terminal.write(line + "\n")
        else:
            _input(self._process).write((line if self._has_links else without_links(line)) + "\n")

    def _start(self) -> None:
        """Start the pager; without one, lines go to the terminal."""
        words = _command()
        if not words or words == ["cat"]:
            return
        environment = {"LESS": "FRX", **os.environ}
        is_less = os.path.basename(words[0]) == "less"  # noqa: PTH119 - a word
        self._has_links = is_less and environment["LESS"] == "FRX"  # others show their codes
        with suppress(OSError):
            self._process = subprocess.Popen(  # noqa: S603 - the user's own program, without a shell
                words,
                stdin=subprocess.PIPE,
                stdout=self._terminal.fileno(),
                env=environment,
                text=True,
                encoding=self._terminal.encoding,
                errors=self._terminal.errors,
            )


def is_plain_terminal() -> bool:
    """Tell whether the terminal understands no more than lines of text."""
    return os.environ.get("TERM", "dumb") in ("", "dumb")


def _command() -> list[str]:
    """Return the pager that the user wants, by words; an empty one is none."""
    named = (os.environ.get(name) for name in ("DAM_PAGER", "PAGER"))
    command = next((text for text in named if text is not None), "less")
    try:
        return shlex.split(command)
    except ValueError:  # a quote that is not closed
        return []


def _input(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin
