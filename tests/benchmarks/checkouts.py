"""What `add-asset` and `process` cost beside an older state of this program:
`python -m tests.benchmarks.checkouts REVISION`.

Both states run in turn, with the libraries of this one: for the start-up on one JPEG, in a new
home; then on small web images, on camera photographs and on one video of 1 GB, each time in a new
home whose database is there. Read the ratios of CPU, workers included: the figures are those of the
machine and of what else it did. Wall time says something only on a machine that does nothing else.

Both states are compiled first, and bytecode is written while they run: else each process would
compile all of its modules, and the start-up would be all that is measured.
"""

import argparse
import atexit
import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks import pictures
from tests.benchmarks.ingest import fresh_home
from tests.benchmarks.measure import Cost, interleaved, run, warm
from tests.benchmarks.report import bar, say

_PROJECT = Path(__file__).parents[2]
_AT_MOST = 1.05
_VIDEO_BYTES = 1 << 30
_PIECE_BYTES = 1 << 20
_ITEMS_FAILED = 3


def compare_start(file: Path, states: dict[str, Path], options: argparse.Namespace) -> None:
    """Print what adding one JPEG to a new world takes in both states."""
    say(f"\none JPEG in a new world, {options.start_runs} rounds")
    contenders = {
        name: partial(_add_first, checkout, file, options) for name, checkout in states.items()
    }
    costs = interleaved(options.start_runs, contenders)
    _table(costs)
    now, before = costs["now"], costs["before"]
    say(f"  {now.cpu_s / before.cpu_s:7.2f}  CPU of the start-up to that of before")
    say(f"  {now.wall_s / before.wall_s:7.2f}  time of the start-up to that of before")


def compare(title: str, folder: Path, states: dict[str, Path], options: argparse.Namespace) -> None:
    """Print the CPU time of both commands in both states for a folder, and its ratio."""
    size_bytes = warm(folder)
    say(f"\n{title}: {size_bytes / 1e6:.0f} MB, {options.runs} rounds")
    homes: dict[str, dict[str, str]] = {}
    contenders: dict[str, Callable[[], Cost]] = {}
    for name, checkout in states.items():
        contenders[f"add-asset {name}"] = partial(_add, name, checkout, folder, homes, options)
        contenders[f"process {name}"] = partial(_process, name, homes)
    costs = interleaved(options.runs, contenders)
    _table(costs)
    for command in ("add-asset", "process"):
        ratio = costs[f"{command} now"].cpu_s / costs[f"{command} before"].cpu_s
        say(f"  {ratio:7.2f}  CPU of {command} to that of before")
    both = {state: [costs[f"add-asset {state}"], costs[f"process {state}"]] for state in states}
    cpu_s = {state: sum(cost.cpu_s for cost in each) for state, each in both.items()}
    wall_s = {state: sum(cost.wall_s for cost in each) for state, each in both.items()}
    bar("CPU of both to that of before", cpu_s["now"] / cpu_s["before"], at_most=_AT_MOST)
    bar("time of both to that of before", wall_s["now"] / wall_s["before"], at_most=_AT_MOST)


def _table(costs: dict[str, Cost]) -> None:
    say(f"  {'':18}{'wall s':>9}{'CPU s':>9}{'peak MB':>10}")
    for name, cost in costs.items():
        say(f"  {name:18}{cost.wall_s:9.2f}{cost.cpu_s:9.2f}{cost.peak_pss_mb:10.0f}")


def _add_first(checkout: Path, file: Path, options: argparse.Namespace) -> Cost:
    environment = fresh_home(options.workers) | {"PYTHONPATH": str(checkout)}
    return _dam(environment, "add-asset", file)


def _add(
    name: str,
    checkout: Path,
    folder: Path,
    homes: dict[str, dict[str, str]],
    options: argparse.Namespace,
) -> Cost:
    environment = fresh_home(options.workers) | {"PYTHONPATH": str(checkout)}
    homes[name] = environment
    _dam(environment, "setup-db")
    return _dam(environment, "add-asset", "-r", folder, "--no-process")


def _process(name: str, homes: dict[str, dict[str, str]]) -> Cost:
    return _dam(homes[name], "process")


def _dam(environment: dict[str, str], *arguments: str | Path) -> Cost:
    return run(
        [sys.executable, "-m", "dam", "--json", *arguments],
        environment=environment,
        cwd=Path(environment["HOME"]),
        may_exit_with=(0, _ITEMS_FAILED),
    )


def _new_folder() -> Path:
    """Return a folder for a state of the program, which goes at the end."""
    folder = Path(tempfile.mkdtemp(dir=pictures.cache_folder(), prefix="checkout-"))
    atexit.register(shutil.rmtree, folder)
    return folder


def _copy() -> Path:
    """Return a folder with the program as it is here: both states are to lie on the same disk."""
    folder = _new_folder()
    for name in ("dam", "alembic"):
        shutil.copytree(_PROJECT / name, folder / name, ignore=shutil.ignore_patterns("*.pyc"))
    return _compiled(folder)


def _checkout(revision: str) -> Path:
    """Return a folder with the files of a revision."""
    folder = _new_folder()
    archive = subprocess.run(
        ["git", "archive", revision], cwd=_PROJECT, stdout=subprocess.PIPE, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return _compiled(folder)


def _compiled(folder: Path) -> Path:
    compileall.compile_dir(folder / "dam", quiet=1)
    return folder


def _video(size_bytes: int) -> Path:
    """Return a folder with one video: a short one of the corpus, and behind it what is skipped."""
    folder = pictures.cache_folder() / f"video-{size_bytes}"
    if not folder.exists():
        short = pictures.CORPUS / "av_docs/photoprism-video/isom-avc1.mp4"
        making = Path(tempfile.mkdtemp(dir=pictures.cache_folder()))
        with (making / "video.mp4").open("wb") as file:
            file.write(short.read_bytes())
            file.write(size_bytes.to_bytes(4, "big") + b"free")
            piece = os.urandom(_PIECE_BYTES)
            for number in range(size_bytes // _PIECE_BYTES):
                file.write(number.to_bytes(4, "big") + piece[4:])
        making.rename(folder)
    return folder


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", help="the older state, as git knows it")
    parser.add_argument("--runs", type=int, default=5, help="take medians of so many rounds")
    parser.add_argument("--start-runs", type=int, default=9, help="the same, for the start-up")
    parser.add_argument("--quick", action="store_true", help="few files, and no video")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    pictures.cache_folder().mkdir(exist_ok=True)
    states = {"before": _checkout(options.revision), "now": _copy()}
    web = pictures.web_images(200 if options.quick else 5000)
    photos = pictures.photos(60 if options.quick else 120)
    compare_start(min(web.rglob("*.jpg")), states, options)
    compare("small web images", web, states, options)
    compare("12 MP photographs", photos, states, options)
    if not options.quick:
        compare("one video", _video(_VIDEO_BYTES), states, options)


if __name__ == "__main__":
    main()
