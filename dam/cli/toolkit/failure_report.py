"""Reports on stderr what failed or was skipped: a few one by one, many of one kind as a group."""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dam.cli.toolkit.output import complain, counted, failure_text, with_hint

_FEW = 3
_MOST_LINES = 30
_MOST_SKIPPED = 6
_TIMES = "\N{MULTIPLICATION SIGN}"
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class GoneFolders:
    """Collects the failures of files whose folder is gone, to report each folder in one line.

    The message of such a failure names only the folder. A pulled disk may cause hundreds of them.
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[str | None, str | None, str | None]] = Counter()

    def takes(
        self, error: str | None, message: str | None, hint: str | None, system: str | None = None
    ) -> bool:
        """Return whether a failure is of this kind; if so, it is counted, and reported later."""
        is_one = error == "FolderGoneError"
        if is_one:
            self._counts[system, message, hint] += 1
        return is_one

    def lines(self) -> list[tuple[str | None, str, str]]:
        """Return for each folder the system that failed, how many files wait, and the message."""
        return [
            (system, f"{counted(count, 'file')} waiting", with_hint(message, hint))
            for (system, message, hint), count in self._counts.items()
        ]


@dataclass(frozen=True)
class _Failure:
    names: tuple[object, ...]
    system: str | None
    message: str | None
    hint: str | None

    def line(self, word: str) -> str:
        names = (*self.names, *_named(self.system))
        return failure_text(*names, message=self.message, hint=self.hint, word=word)

    def said(self) -> str:
        """Return the line without the names."""
        own = failure_text(*self.names, message=self.message, hint=self.hint)
        said = own.removeprefix(failure_text(*self.names, message=""))
        return ": ".join([*_named(self.system), said])


class FailureReport:
    """Collects the failures of a command, and writes a limited number of lines about them.

    Failures are of one kind if their messages differ only in numbers. Up to three of a kind get a
    line each; of more, there is one line with their number, and the names of the first.

    Args:
        all_of_them: Where to find those that are left out, for example "`dam-cli failures`".
        word: The first word of each line; `skipped` reports what is no failure.
        most_lines: How many lines to write, at most.

    Example:
        report = FailureReport("`dam-cli failures` lists all")
        report.take("/a.heic", system="extract_metadata", error=None, message="no decoder", hint="")
        report.tell()
    """

    def __init__(
        self, all_of_them: str, *, word: str = "failed", most_lines: int = _MOST_LINES
    ) -> None:
        self._all_of_them = all_of_them
        self._word = word
        self._most_lines = most_lines
        self._gone = GoneFolders()
        self._kinds: dict[str, list[_Failure]] = {}

    def take(
        self,
        *names: object,
        message: str | None,
        hint: str | None = None,
        system: str | None = None,
        error: str | None = None,
    ) -> None:
        """Remember a failure until `tell`.

        Args:
            names: The item that failed, from the whole to the part: a path, then a page in it.
            message: What is wrong.
            hint: What to do about it.
            system: The system that failed, if it was one.
            error: The name of the error.
        """
        if self._gone.takes(error, message, hint, system):
            return
        failure = _Failure(names, system, message, hint)
        self._kinds.setdefault(_NUMBER.sub("0", failure.said()), []).append(failure)

    def tell(self) -> None:
        """Report everything on stderr, the most frequent kind first."""
        kinds = sorted(self._kinds.values(), key=len, reverse=True)
        for line in self._shortest(kinds):
            complain(line)
        for system, files, message in self._gone.lines():
            complain(failure_text(files, *_named(system), message=message, word=self._word))

    def _shortest(self, kinds: Sequence[Sequence[_Failure]]) -> list[str]:
        """Return the lines with as many names as there is room for."""
        for names in range(_FEW, 0, -1):
            lines = [line for kind in kinds for line in self._lines(kind, names)]
            if sum(map(_height, lines)) <= self._most_lines:
                return lines
        return list(self._first(kinds))

    def _first(self, kinds: Sequence[Sequence[_Failure]]) -> Iterator[str]:
        """Yield lines for the kinds that there is room for, and one that counts all others."""
        room = self._most_lines - 1
        for index, kind in enumerate(kinds):
            lines = list(self._lines(kind, 1))
            room -= sum(map(_height, lines))
            if room < 0:
                left = counted(sum(map(len, kinds[index:])), "other")
                of_kinds = counted(len(kinds) - index, "more kind")
                yield f"{self._word}: {left}, of {of_kinds} ({self._all_of_them})"
                return
            yield from lines

    def _lines(self, kind: Sequence[_Failure], names: int) -> Iterator[str]:
        """Yield a line for each failure if there are few, else a heading and the first names."""
        if len(kind) <= _FEW:
            yield from (failure.line(self._word) for failure in kind)
            return
        said = _common(failure.said() for failure in kind)
        yield f"{self._word}: {len(kind)} {_TIMES} {said}"
        shown = [": ".join(map(str, failure.names)) for failure in kind[:names]]
        yield from (f"  {name}" for name in shown[:-1])
        yield f"  {shown[-1]} (and {len(kind) - names} more)"


def skip_report() -> FailureReport:
    """Return a report of what was skipped: no failures, so it has few lines."""
    return FailureReport("`--jsonl` lists all", word="skipped", most_lines=_MOST_SKIPPED)


def _height(line: str) -> int:
    """Return how many lines of the terminal a line takes; elsewhere it is one."""
    if not (sys.stderr and sys.stderr.isatty()):
        return 1
    columns = os.get_terminal_size(sys.stderr.fileno()).columns
    return max(1, -(-len(line) // max(1, columns)))


def _common(texts: Iterable[str]) -> str:
    """Return texts that differ only in numbers as one, with `…` for the numbers that differ."""
    first, *others = dict.fromkeys(texts)
    numbers = zip(*(_NUMBER.findall(text) for text in (first, *others)), strict=True)
    shown = iter([found[0] if len(set(found)) == 1 else "…" for found in numbers])
    return _NUMBER.sub(lambda _: next(shown), first)


def _named(system: str | None) -> list[str]:
    return [system] if system else []
