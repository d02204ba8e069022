"""What a whole command costs: its time, the CPU of all its processes, and their memory together.

Linux only: memory is read from /proc, and processes that outlive their parent come to this one.
"""

import ctypes
import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_PR_SET_CHILD_SUBREAPER = 36
_SAMPLE_EVERY_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one run took; memory is the peak of the summed proportional set sizes."""

    wall_s: float
    cpu_s: float
    peak_pss_mb: float


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    may_exit_with: Sequence[int] = (0,),
) -> Cost:
    """Run a command to its end, workers and orphans included, and return its cost."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    log_path = cwd / "output.log"
    known = _descendants(os.getpid())
    before = os.times()
    started = time.perf_counter()
    with log_path.open("wb") as log, _PeakMemory() as memory:
        process = subprocess.Popen(command, env=environment, cwd=cwd, stdout=log, stderr=log)
        code = process.wait()
        wall_s = time.perf_counter() - started
    _wait_for_orphans(known)
    if code not in may_exit_with:
        raise SystemExit(f"{command[0]} … exited with {code}:\n{log_path.read_text()[-2000:]}")
    after = os.times()
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    return Cost(wall_s=wall_s, cpu_s=cpu_s, peak_pss_mb=memory.peak_mb)


def interleaved(runs: int, contenders: Mapping[str, Callable[[], Cost]]) -> dict[str, Cost]:
    """Return the medians of several rounds; in each round every contender has its turn."""
    costs: dict[str, list[Cost]] = defaultdict(list)
    for _ in range(runs):
        for name, contender in contenders.items():
            os.sync()  # no one pays for what another has left to be written
            costs[name].append(contender())
    return {
        name: Cost(
            wall_s=median(cost.wall_s for cost in each),
            cpu_s=median(cost.cpu_s for cost in each),
            peak_pss_mb=median(cost.peak_pss_mb for cost in each),
        )
        for name, each in costs.items()
    }


def warm(folder: Path) -> int:
    """Read every file, so that all contenders find them in memory; return the bytes."""
    return sum(len(path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def memory_mb(pid: int) -> tuple[float, float]:
    """Return the proportional set size of a process, and of it and all below it together."""
    own_kb = _pss_kb(pid)
    return own_kb / 1000, (own_kb + sum(map(_pss_kb, _descendants(pid)))) / 1000


def _wait_for_orphans(known: Collection[int]) -> None:
    """Take leave of what the command's workers left behind, so that their CPU time is counted."""
    for pid in _descendants(os.getpid()):
        if pid not in known:
            with suppress(ChildProcessError):  # its parent is there still, and will do it
                os.waitpid(pid, 0)


class _PeakMemory:
    """The highest sum seen of the memory of this process's descendants, while the block runs."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "_PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_SAMPLE_EVERY_S):
            total_kb = sum(_pss_kb(pid) for pid in _descendants(os.getpid()))
            self.peak_mb = max(self.peak_mb, total_kb / 1000)


def _descendants(ancestor: int) -> list[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat_fields(entry)):
            children[int(fields[1])].append(int(entry.name))
    found = list(children[ancestor])
    for pid in found:  # grows while it is walked: breadth first
        found.extend(children[pid])
    return found


def _stat_fields(process: Path) -> list[str]:
    """Return the fields after the command's name: state, parent and so on."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
