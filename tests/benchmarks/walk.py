"""How often a reader changes modules who follows one file: `python -m tests.benchmarks.walk`.

Two commands are followed, each in a world that is set up already: `add-asset` of one JPEG, and
`comic import` of a CBZ with 3 pages, both with processing. A change of module is a pair of
functions of `dam`, one of which called the other, in different modules. Each pair counts once,
however often the call is made, and in whichever process or thread.

- The caller is the nearest function of `dam` on the stack: one that is called by SQLAlchemy or
  asyncio was called by the function of `dam` that called SQLAlchemy or asyncio. At the start of a
  thread or of a worker's program there is none, and that does not count.
- A call is where a function begins. A generator or coroutine that goes on is not called again.
- A comprehension is a part of the function that it is written in. Functions that nobody wrote,
  such as the `__init__` of a dataclass, are passed over like those of a library.
- All that happens while a module is imported is left out, and so are calls from and to the room
  `dam.core.database`: the package, or the modules that became it.

Each run gives the same figures, with one worker or more: no pair of these two ways hangs on a
timer, but for the first count of pending work, which is asked for long before the work ends.
Names do not matter, only whether two functions are in one module: figures from before and after
modules were moved or renamed can be compared. `--before 400,600` prints the ratios to such figures.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks import pictures
from tests.benchmarks.comic_import import make_comic
from tests.benchmarks.ingest import fresh_home
from tests.benchmarks.report import bar, say
from tests.draw_assets import ASSETS

Change = tuple[str, str]
"""The function that called, and the one it called, each as `module:name`."""

_AT_MOST = 0.65
_PICTURES = ASSETS / "pictures"
_JPEG = _PICTURES / "hills-exif-oriented.jpg"
_PAGES = [_PICTURES / name for name in ("city.jpg", "dunes.jpg", "forest.jpg")]
_COMMAND = [sys.executable, "-c", "from dam.__main__ import run; run()", "--json"]
_LEFT_OUT = {
    f"dam.core.{name}"
    for name in (
        *("database", "database_file", "database_url", "postgresql", "sqlite_driver"),
        *("sqlite_faults", "sqlite_lock", "bulk", "portions", "types", "values"),
    )
}


def changes_of(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    package: str = "dam",
) -> set[Change]:
    """Run a command and return the changes of module in it and in all Python that it starts.

    Each process is recorded from its start, by a `sitecustomize` that comes first on PYTHONPATH.
    """
    with tempfile.TemporaryDirectory() as name:
        hook, log = Path(name, "hook"), Path(name, "log")
        hook.mkdir()
        log.mkdir()
        (hook / "sitecustomize.py").write_text(
            "from tests.benchmarks.module_changes import record\n"
            f"record({str(log)!r}, {package!r})\n"
        )
        path = os.pathsep.join((str(hook), environment["PYTHONPATH"]))
        _run(command, environment={**environment, "PYTHONPATH": path}, cwd=cwd)
        logs = [file.read_text() for file in log.iterdir()]
    assert len(logs) > 1, "no worker was recorded"
    return {
        (caller, callee)
        for text in logs
        for caller, callee, _ in (line.split("\t") for line in text.splitlines())
    }


def _walk(arguments: Sequence[str | Path], workers: int) -> set[Change]:
    environment = fresh_home(workers)
    home = Path(environment["HOME"])
    _run([*_COMMAND, "setup-db"], environment=environment, cwd=home)
    changes = changes_of([*_COMMAND, *arguments], environment=environment, cwd=home)
    return {change for change in changes if not any(map(_is_left_out, change))}


def _run(command: Sequence[str | Path], *, environment: Mapping[str, str], cwd: Path) -> None:
    done = subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command} exited with {done.returncode}:\n{done.stderr}")


def _is_left_out(function: str) -> bool:
    module = _module(function)
    return module in _LEFT_OUT or module.startswith("dam.core.database.")


def _module(function: str) -> str:
    return function.partition(":")[0]


def _figures(text: str) -> tuple[int, int]:
    jpeg, comic = map(int, text.split(","))
    return jpeg, comic


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="print the pairs too")
    parser.add_argument(
        "--before", type=_figures, metavar="JPEG,COMIC", help="two figures to compare with"
    )
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    pictures.cache_folder().mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=pictures.cache_folder()) as name:
        comic = make_comic(Path(name, "Comic 001.cbz"), _PAGES)
        ways: dict[str, list[str | Path]] = {
            "add-asset of a JPEG": ["add-asset", _JPEG],
            "comic import of 3 pages": ["comic", "import", comic],
        }
        walks = [_walk(arguments, options.workers) for arguments in ways.values()]
    for number, (way, changes) in enumerate(zip(ways, walks, strict=True)):
        modules = {_module(callee) for _, callee in changes}
        say(f"\n{way}: {len(changes)} changes of module, {len(modules)} modules entered")
        for caller, callee in sorted(changes) if options.list else ():
            say(f"  {caller} -> {callee}")
        if options.before:
            bar("changes to before", len(changes) / options.before[number], at_most=_AT_MOST)


if __name__ == "__main__":
    main()
