"""What PDFs take, beside `pdfinfo` in a loop: `python -m tests.benchmarks.documents --files 300`.

dam hashes and stores each file, describes it, keeps its text, and draws its first page; `pdfinfo`
only describes it. Each PDF has three pages of 200 words, and differs from all others.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks import pictures
from tests.benchmarks.ingest import fresh_home
from tests.benchmarks.measure import Cost, interleaved, run, warm
from tests.benchmarks.report import bar, say
from tests.media.document_files import text_pdf

_BAR = 1.0
_WORDS = ("rope", "sail", "keel", "mast", "deck", "helm", "bow", "stern", "wake", "tide")


def main() -> None:
    """Generate the PDFs, and print files per second and per second of CPU of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if not shutil.which("pdfinfo"):
        raise SystemExit("pdfinfo is not installed: apt-get install poppler-utils")
    with tempfile.TemporaryDirectory(dir=pictures.cache_folder()) as name:
        folder = Path(name)
        for number in range(options.files):
            (folder / f"{number:05}.pdf").write_bytes(_document(number))
        warm(folder)
        loop = 'for file in "$1"/*; do pdfinfo "$file" >/dev/null; done'
        own: list[str | Path] = [sys.executable, "-m", "dam", "--json", "add-asset", "-r", folder]
        contenders = {
            "dam": partial(_run, own, options.workers),
            "pdfinfo": partial(_run, ["sh", "-c", loop, "sh", folder], options.workers),
        }
        costs = interleaved(options.runs, contenders)
    say(f"{options.files} PDFs, medians of {options.runs}")
    for contender, cost in costs.items():
        rate, cpu_rate = options.files / cost.wall_s, options.files / cost.cpu_s
        say(f"  {contender:10}{rate:8.0f} files/s{cpu_rate:8.0f} files a second of CPU")
    ratio = costs["pdfinfo"].wall_s / costs["dam"].wall_s
    bar("files/s of pdfinfo's", ratio, at_least=_BAR)
    say(f"  {costs['pdfinfo'].cpu_s / costs['dam'].cpu_s:7.2f}  files per CPU second of pdfinfo's")


def _document(number: int) -> bytes:
    chosen = random.Random(number)  # noqa: S311 - no secret
    pages = [" ".join(chosen.choices(_WORDS, k=200)) for _ in range(3)]
    return text_pdf(pages, {"Title": b"(Document %d)" % number, "Author": b"(Ann)"})


def _run(command: Sequence[str | Path], workers: int) -> Cost:
    environment = fresh_home(workers)
    return run(command, environment=environment, cwd=Path(environment["HOME"]))


if __name__ == "__main__":
    main()
