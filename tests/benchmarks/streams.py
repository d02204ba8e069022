"""What clips and songs cost beside others: `python -m tests.benchmarks.streams [--files 10000]`.

Distinct short clips are added to a fresh world, with posters, hashes and words, and read by ffprobe
in a loop; distinct songs with covers likewise, and by mutagen in a loop. A part of a gigabyte's
video that is read is shown, too. ffprobe comes with the system, mutagen with `pip install mutagen`.
"""

import argparse
import io
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks.ingest import fresh_home
from tests.benchmarks.measure import Cost, interleaved, run, warm
from tests.benchmarks.report import bar, say
from tests.media.streams.files import attached, clip, id3, mp3, png, text
from tests.media.streams.test_bytes_read import large_video, read_of


def make_clips(folder: Path, count: int) -> None:
    """Write distinct clips of two seconds: MP4 with sound, each with a title of its own."""
    file, title = io.BytesIO(), "Clip 000000"
    clip(file, "mp4", sound="aac", tags={"title": title})
    before, _, after = file.getvalue().partition(title.encode())
    for number in range(count):
        (folder / f"{number:06}.mp4").write_bytes(before + f"Clip {number:06}".encode() + after)


def make_songs(folder: Path, count: int) -> None:
    """Write distinct songs of three seconds, each with tags and a cover of its own."""
    sound = mp3(seconds=3.0)
    for number in range(count):
        words = (text(b"TIT2", f"Song {number:06}".encode()), text(b"TPE1", b"The Larks"))
        cover = attached(png((300, 300), (number % 256, number // 256 % 256, 90)))
        (folder / f"{number:06}.mp3").write_bytes(id3(*words, cover) + sound)


def compare(
    title: str,
    make: Callable[[Path, int], None],
    other: str,
    share: float,
    options: argparse.Namespace,
) -> None:
    """Print what `add-asset` takes beside another program, and the share of its files/s."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, options.files)
        warm(folder)
        contenders = {
            "add-asset": partial(_add, folder, options.workers),
            other: partial(_contender, other, folder, options.workers),
        }
        costs = interleaved(options.runs, contenders)
    say(f"{options.files} {title}, medians of {options.runs} runs")
    for who, cost in costs.items():
        rate = options.files / cost.cpu_s
        memory = f"{cost.peak_pss_mb:5.0f} MB"
        say(f"  {who:10} {cost.wall_s:7.2f} s {cost.cpu_s:7.2f} CPU s {rate:5.0f}/CPU s {memory}")
    ours, theirs = costs["add-asset"], costs[other]
    bar(f"files/s of {other}'s", theirs.wall_s / ours.wall_s, at_least=share)
    bar(f"files per CPU second of {other}'s", theirs.cpu_s / ours.cpu_s, at_least=share)


def show_bytes_read() -> None:
    """Print how much of a video of a gigabyte is read."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "large.mov")
        large_video(path)
        _, described, pictured = read_of(path, "video/quicktime")
        size = path.stat().st_size
    say(f"of {size:,} bytes, {described:,} are read for the facts, {pictured:,} for the poster")


def _add(folder: Path, workers: int) -> Cost:
    return _run([sys.executable, "-m", "dam", "--json", "add-asset", "-r", folder], workers)


def _contender(name: str, folder: Path, workers: int) -> Cost:
    return _run([sys.executable, "-m", "tests.benchmarks.contenders", name, folder], workers)


def _run(command: list[str | Path], workers: int) -> Cost:
    environment = fresh_home(workers)
    return run(command, environment=environment, cwd=Path(environment["HOME"]))


def main() -> None:
    """Compare what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=("clips", "songs"))
    options = parser.parse_args()
    show_bytes_read()
    if options.only != "songs":
        compare("clips of 2 s", make_clips, "ffprobe", 1.0, options)
    if options.only != "clips":
        compare("songs of 3 s with a cover", make_songs, "mutagen", 0.3, options)


if __name__ == "__main__":
    main()
