"""What `add-asset` costs beside others: `python -m tests.benchmarks.ingest [JOB]`.

`pictures`, the usual job, compares the whole process, in copy mode into a fresh data folder and
with a warm cache, to a naive ImageHash script, to czkawka and to the floor: what no program can do
without. `readd` compares adding an unchanged folder again to walking it. `memory` shows what a
large file and many files take. Read the ratios: the figures are those of the machine and of what
else it did. czkawka comes with `uv run --group benchmarks`.
"""

import argparse
import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks import pictures
from tests.benchmarks.measure import Cost, interleaved, run, warm
from tests.command_line import home_variables

_PROJECT = Path(__file__).parents[2]
_LARGE_FILE_BYTES = 4 * 1024**3
_ITEMS_FAILED = 3

_Command = list[str | Path]


def compare_pictures(options: argparse.Namespace) -> None:
    """Print the table and the ratios for camera photographs and for small web images."""
    photos = options.photos or pictures.photos(24 if options.quick else 600)
    web = options.web or pictures.web_images(200 if options.quick else 5000)
    costs = _compare("12 MP JPEGs", photos, options)
    ours = costs["add-asset"]
    _bar("CPU of czkawka's", ours.cpu_s / costs["czkawka"].cpu_s, at_most=0.35)
    _bar("wall time of czkawka's", ours.wall_s / costs["czkawka"].wall_s, at_most=0.35)
    _bar("images/s of the floor's", costs["floor"].wall_s / ours.wall_s, at_least=0.70)
    _bar("images/s of naive ImageHash's", costs["naive"].wall_s / ours.wall_s, at_least=5)
    costs = _compare("small web images", web, options)
    ratio = costs["floor"].wall_s / costs["add-asset"].wall_s
    _bar("images/s of the floor's", ratio, at_least=0.45)


def compare_again(options: argparse.Namespace) -> None:
    """Print what adding an unchanged folder again takes, beside a walk of it."""
    count = options.files or (1000 if options.quick else 50_000)
    folder = pictures.tiny_files(count)
    environment = fresh_home(options.workers)
    _dam(folder, environment)
    contenders = {
        "add-asset again": partial(_dam, folder, environment),
        "os.walk and stat": partial(_contender, "walk", folder, options.workers),
    }
    costs = interleaved(options.runs, contenders)
    _table(f"an unchanged folder of {count} files", count, costs)
    ours, walk = costs.values()
    _bar("wall time of os.walk and stat", ours.wall_s / walk.wall_s, at_most=5)
    _bar("CPU of os.walk and stat", ours.cpu_s / walk.cpu_s, at_most=5)


def show_memory(options: argparse.Namespace) -> None:
    """Print the peak memory for one small file, one of 4 GB, and many small pictures."""
    count = options.files or (1000 if options.quick else 100_000)
    many = pictures.tiny_images(count)
    with tempfile.TemporaryDirectory(dir=pictures.cache_folder()) as name:
        small, large = Path(name, "small.bin"), Path(name, "large.bin")
        small.write_bytes(b"small")
        with large.open("wb") as file:
            file.truncate(_LARGE_FILE_BYTES)
        contenders = {
            "one small file": partial(_add, small, options.workers),
            "one file of 4 GB": partial(_add, large, options.workers),
            f"{count} pictures": partial(_add, many, options.workers),
        }
        costs = interleaved(options.runs, contenders)
    _table("add-asset", None, costs)
    peaks = [cost.peak_pss_mb for cost in costs.values()]
    _bar("memory of a 4 GB file to that of a small one", peaks[1] / peaks[0], at_most=1.1)
    _bar(f"MB for {count} pictures", peaks[2], at_most=400)


def _compare(title: str, folder: Path, options: argparse.Namespace) -> dict[str, Cost]:
    count = sum(1 for path in folder.rglob("*") if path.is_file())
    size_bytes = warm(folder)
    contenders: dict[str, Callable[[], Cost]] = {
        name: partial(_contender, name, folder, options.workers)
        for name in ("naive", "czkawka", "floor")
    }
    contenders["add-asset"] = partial(_add, folder, options.workers)
    costs = interleaved(options.runs, contenders)
    _table(f"{count} {title}, {size_bytes / count / 1e6:.2f} MB each", count, costs)
    return costs


def _add(path: Path, workers: int) -> Cost:
    return _dam(path, fresh_home(workers))


def _dam(path: Path, environment: dict[str, str]) -> Cost:
    command: _Command = [sys.executable, "-m", "dam", "--json", "add-asset", "-r", path]
    return _run(command, environment, may_exit_with=(0, _ITEMS_FAILED))


def _contender(name: str, folder: Path, workers: int) -> Cost:
    command: _Command = [sys.executable, "-m", "tests.benchmarks.contenders", name, folder]
    return _run(command, fresh_home(workers))


def _run(
    command: _Command, environment: dict[str, str], *, may_exit_with: tuple[int, ...] = (0,)
) -> Cost:
    return run(
        command,
        environment=environment,
        cwd=Path(environment["HOME"]),
        may_exit_with=may_exit_with,
    )


def fresh_home(workers: int) -> dict[str, str]:
    """Return the environment of a user who has nothing yet, on the disk that holds the pictures.

    The folder goes at the very end: for minutes after many files were deleted, ext4 looks long for
    the place of each new one.
    """
    pictures.cache_folder().mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=pictures.cache_folder(), prefix="home-"))
    atexit.register(shutil.rmtree, home)
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_PROJECT),
        "DAM_WORKERS": str(workers),
        **home_variables(home),
    }


def _table(title: str, count: int | None, costs: dict[str, Cost]) -> None:
    print(f"\n{title}")
    print(f"  {'':18}{'wall s':>9}{'CPU s':>9}{'files/s':>10}{'peak MB':>10}")
    for name, cost in costs.items():
        rate = f"{count / cost.wall_s:.1f}" if count else ""
        figures = f"{cost.wall_s:9.2f}{cost.cpu_s:9.2f}{rate:>10}{cost.peak_pss_mb:10.0f}"
        print(f"  {name:18}{figures}")


def _bar(
    what: str, ratio: float, *, at_most: float | None = None, at_least: float | None = None
) -> None:
    if at_most is not None:
        bar, is_met = f"at most {at_most:g}", ratio <= at_most
    else:
        bar, is_met = f"at least {at_least:g}", ratio >= (at_least or 0)
    print(f"  {ratio:8.2f}  {what} ({bar}: {'met' if is_met else 'NOT MET'})")


def main() -> None:
    """Run what the command line asks for."""
    jobs = {"pictures": compare_pictures, "readd": compare_again, "memory": show_memory}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", nargs="?", choices=jobs, default="pictures")
    parser.add_argument("--runs", type=int, default=1, help="take medians of so many rounds")
    parser.add_argument("--quick", action="store_true", help="few files: does it work at all")
    parser.add_argument("--files", type=int, help="how many, for readd and memory")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--photos", type=Path, help="a folder of camera photographs of your own")
    parser.add_argument("--web", type=Path, help="a folder of small pictures of your own")
    options = parser.parse_args()
    jobs[options.job](options)


if __name__ == "__main__":
    main()
