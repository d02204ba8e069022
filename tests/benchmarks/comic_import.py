"""What the import of comics takes: beside that of their pages as files, and in memory."""

import argparse
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks import pictures
from tests.benchmarks.ingest import fresh_home
from tests.benchmarks.measure import Cost, interleaved, memory_mb, run, warm
from tests.benchmarks.report import bar, say

_PAGES, _PAGES_OF_SMALL, _ISSUES = 200, 4, 50
_SAMPLE_EVERY_S = 0.1
_BAR, _GROWTH_BAR = 1.3, 1.1

_Memory = tuple[float, float]


def compare_import(options: argparse.Namespace) -> None:
    """Print what a CBZ takes, all pages described and hashed, beside its pages as files."""
    folder = pictures.comic_pages(20 if options.quick else _PAGES)
    pages = sorted(folder.rglob("*.jpg"))
    with tempfile.TemporaryDirectory(dir=pictures.cache_folder()) as name:
        comic = make_comic(Path(name, "Comic 001.cbz"), pages)
        warm(folder)
        contenders = {
            "add-asset": partial(_run, ["add-asset", "-r", folder], options.workers),
            "comic import": partial(_run, ["comic", "import", comic], options.workers),
        }
        costs = interleaved(options.runs, contenders)
    say(f"\n{len(pages)} pages, medians of {options.runs}")
    for contender, cost in costs.items():
        say(
            f"  {contender:14}{cost.wall_s:8.2f} s{cost.cpu_s:8.2f} s of CPU"
            f"{cost.peak_pss_mb:7.0f} MB"
        )
    files, archive = costs.values()
    bar("wall time of add-asset's", archive.wall_s / files.wall_s, at_most=_BAR)
    bar("CPU of add-asset's", archive.cpu_s / files.cpu_s, at_most=_BAR)


def show_memory(options: argparse.Namespace) -> None:
    """Print the memory at its highest after a tenth of many small comics, a half, and all."""
    count = options.comics or (100 if options.quick else 1000)
    pages = sorted(pictures.tiny_images(count * _PAGES_OF_SMALL).rglob("*.png"))
    with tempfile.TemporaryDirectory(dir=pictures.cache_folder()) as name:
        for number in range(count):
            path = Path(name, f"Series {number // _ISSUES} {number % _ISSUES + 1:03}.cbz")
            make_comic(path, pages[number * _PAGES_OF_SMALL : (number + 1) * _PAGES_OF_SMALL])
        samples = list(_samples(Path(name), options.workers))
    assert samples[-1][0] == count, samples[-1]
    say(f"\n{count} comics of {_PAGES_OF_SMALL} pages, MB at most until so many are done")
    shares = (count // 10, count // 2, count)
    peaks = [_peak([memory for done, memory in samples if done <= share]) for share in shares]
    for what, mb in zip(("main process", "all processes"), zip(*peaks, strict=True), strict=True):
        say(f"  {what:14}{mb[0]:8.0f} at 10 %{mb[1]:8.0f} at 50 %{mb[2]:8.0f} at the end")
        bar(f"memory of the {what}, the end to 50 %", mb[2] / mb[1], at_most=_GROWTH_BAR)


def make_comic(path: Path, pages: Sequence[Path]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, page in enumerate(pages, 1):
            archive.write(page, f"{number:04}{page.suffix}")
    return path


def _run(arguments: Sequence[str | Path], workers: int) -> Cost:
    environment = fresh_home(workers)
    command = [sys.executable, "-m", "dam", "--json", *arguments]
    return run(command, environment=environment, cwd=Path(environment["HOME"]))


def _samples(folder: Path, workers: int) -> Iterator[tuple[int, _Memory]]:
    """Yield how many comics are done, and the memory then, now and again until the end."""
    environment = fresh_home(workers)
    command: list[str | Path] = [sys.executable, "-m", "dam", "comic", "import"]
    command += ["-r", folder, "--jsonl"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    done = 0

    def count() -> None:
        nonlocal done
        assert process.stdout is not None
        for _ in process.stdout:
            done += 1

    counting = threading.Thread(target=count)
    counting.start()
    while counting.is_alive():
        yield done, memory_mb(process.pid)
        counting.join(_SAMPLE_EVERY_S)
    if process.wait():
        raise SystemExit(f"the import ended with {process.returncode}")
    yield done, (0, 0)


def _peak(memories: Sequence[_Memory]) -> _Memory:
    return max(own for own, _ in memories), max(together for _, together in memories)
