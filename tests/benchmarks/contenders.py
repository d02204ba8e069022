"""What `add-asset` is measured against: `python -m tests.benchmarks.contenders NAME FOLDER`.

Each is a script of its own process, as a user would write it, and prints nothing.
"""

import hashlib
import importlib
import io
import os
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path


def naive(folder: Path) -> None:
    """Decode each picture whole and hash it once, one after another."""
    import imagehash  # noqa: PLC0415 - no contender pays for another's imports
    from PIL import Image  # noqa: PLC0415

    for path in _files(folder):
        with Image.open(path) as image:
            imagehash.phash(image)


def czkawka(folder: Path) -> None:
    """Let czkawka hash the folder, on all cores, and compare exactly, which costs next to nothing.

    It keeps hashes in the user's cache folder: give it a new home.
    """
    from czkawka import ImageSimilarity  # noqa: PLC0415

    finder = ImageSimilarity()
    finder.set_directories([folder])
    finder.set_similarity(0)
    finder.find_similar()


def floor(folder: Path) -> None:
    """Read each file once, take its SHA-256 and decode it once at the smallest scale there is."""
    workers = int(os.environ["DAM_WORKERS"])
    with get_context("forkserver").Pool(workers) as pool:
        for _ in pool.imap_unordered(_floor_of_one, _files(folder), chunksize=8):
            pass


def walk(folder: Path) -> None:
    """Walk the folder and stat every file."""
    for parent, _, names in os.walk(folder):
        for name in names:
            os.stat(os.path.join(parent, name))  # noqa: PTH116, PTH118 - the fastest there is


def ffprobe(folder: Path) -> None:
    """Let ffprobe tell format and streams of each file, one process a file."""
    words = ("ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams")
    for path in _files(folder):
        subprocess.run([*words, path], check=True, stdout=subprocess.DEVNULL)


def mutagen(folder: Path) -> None:
    """Read length and tags of each song, all in one process."""
    read = importlib.import_module("mutagen").File  # for the benchmarks alone
    for path in _files(folder):
        song = read(path)
        assert song.info.length
        assert song.tags


def _floor_of_one(path: Path) -> str:
    from PIL import Image  # noqa: PLC0415

    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        image.draft("RGB", (image.width // 8, image.height // 8))
        image.load()
    return hashlib.sha256(content).hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    contenders = {one.__name__: one for one in (naive, czkawka, floor, walk, ffprobe, mutagen)}
    contenders[sys.argv[1]](Path(sys.argv[2]))
