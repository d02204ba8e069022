"""The recorder of `tests.benchmarks.walk`, which runs inside each process that is counted.

It imports little and keeps nothing back: a worker is killed when it is no longer needed, so each
change of module is written to the process's own file at once.
"""

import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

_CAN_RESUME = 0x20 | 0x80 | 0x200  # generator, coroutine, asynchronous generator
_COMPREHENSION = re.compile(r"\.<locals>\.<(?:listcomp|dictcomp|setcomp|genexpr)>")


def record(folder: str, package: str) -> None:
    """Write each change of module in this process, its threads included, to `folder/<pid>`."""
    recorder = _Recorder(Path(folder, str(os.getpid())), package)
    threading.setprofile(recorder.note)
    sys.setprofile(recorder.note)


class _Recorder:
    """Invariant: what `_written` holds is in the file, one line each."""

    def __init__(self, path: Path, package: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._package = package
        self._beginning = f"{package}."
        self._written: set[tuple[str, str]] = set()
        self._starts: dict[object, int] = {}

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """Take an event of `sys.setprofile`."""
        if event != "call" or not self._is_ours(frame) or self._goes_on(frame):
            return
        caller = next(filter(self._is_ours, _callers(frame)), None)
        if caller is None or _module(caller) == _module(frame):
            return
        change = _name(caller), _name(frame)
        if change not in self._written and not any(map(_is_import, _callers(frame))):
            self._written.add(change)
            os.write(self._file, "\t".join((*change, "\n")).encode())

    def _is_ours(self, frame: FrameType) -> bool:
        """Tell code of the package that somebody wrote: a dataclass's `__init__` has no file."""
        module = _module(frame)
        is_inside = module.startswith(self._beginning) or module == self._package
        return is_inside and not frame.f_code.co_filename.startswith("<")

    def _goes_on(self, frame: FrameType) -> bool:
        """Tell what no function begins with: a generator that resumes, a part of a function."""
        code = frame.f_code
        if code.co_name in ("<module>", "<genexpr>"):
            return True
        can_resume = bool(code.co_flags & _CAN_RESUME)
        return can_resume and self._starts.setdefault(code, frame.f_lasti) != frame.f_lasti


def _callers(frame: FrameType) -> Iterator[FrameType]:
    """Yield the frames below one, the nearest first; SQLAlchemy cuts the stack by greenlets."""
    current = getattr(sys.modules.get("greenlet"), "getcurrent", None)
    greenlet = current and current()
    below = frame.f_back
    while True:
        while below is not None:
            yield below
            below = below.f_back
        greenlet = greenlet and greenlet.parent
        if greenlet is None:
            return
        below = greenlet.gr_frame


def _is_import(frame: FrameType) -> bool:
    return frame.f_code.co_name == "<module>" and _module(frame) != "__main__"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _name(frame: FrameType) -> str:
    """Return module and function; a comprehension belongs to the function that it is written in."""
    return f"{_module(frame)}:{_COMPREHENSION.sub('', frame.f_code.co_qualname)}"
