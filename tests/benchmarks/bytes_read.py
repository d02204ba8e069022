"""How many bytes of each file one import reads, in copy and in reference mode, by strace.

Run `python -m tests.benchmarks.bytes_read`; files and folders may be named, else large ones of
many formats are made. A mapping of a file counts as if all of it were read.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.command_line import DamCli
from tests.media.large_files import LARGE

MODES = ("copy", "reference")
MOST_TIMES, MOST_MORE_BYTES = 2, 1 << 20
_CALLS = "read,pread64,readv,preadv,preadv2,mmap,copy_file_range,sendfile,splice"
_READ = re.compile(r"^(?:p?read\w*|copy_file_range|sendfile|splice)\(\d+<([^>]*)>.* = (\d+)$")
_MAPPED = re.compile(r"^mmap\(\w+, (\d+), .*, \d+<([^>]*)>, \w+\) = 0x")


def bytes_read(dam: DamCli, files: Sequence[Path], mode: str, folder: Path) -> dict[Path, int]:
    """Import files into a new world; return the bytes read of each, and of its copy."""
    traces = folder / "traces"
    traces.mkdir()
    done = subprocess.run(
        [
            *("strace", "-ff", "-qq", "-y", "-s", "0", "-e", f"trace={_CALLS}"),
            *("-o", str(traces / "of"), sys.executable, "-m", "dam"),
            *("add-asset", "--mode", mode, *map(str, files)),
        ],
        check=False,
        env=dam.environment,
        cwd=dam.home,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    read = Counter[str]()
    for trace in traces.iterdir():
        read.update(_reads(trace.read_text(errors="replace").splitlines()))
    names = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in files}
    found = dict.fromkeys(files, 0)
    for path, count in read.items():
        if (file := names.get(Path(path).name, Path(path))) in found:
            found[file] += count
    return found


def _reads(lines: Iterable[str]) -> Counter[str]:
    found = Counter[str]()
    for line in lines:
        if match := _READ.match(line):
            found[match[1]] += int(match[2])
        elif match := _MAPPED.match(line):
            found[match[2]] += int(match[1])
    return found


def main(names: list[str]) -> None:
    """Print a row for each file: how many times its size was read, and whether that is too much."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = [found for name in names for found in _files(Path(name).resolve())]
        if not names:
            for ending, (_, make) in LARGE.items():
                file = folder / f"large.{ending}"
                file.write_bytes(make())
                files.append(file)
        for mode in MODES:
            home = folder / mode
            home.mkdir()
            dam = DamCli(home)
            dam("world", "create", "one")
            read = bytes_read(dam, files, mode, home)
            print(f"{mode}: bytes read, as times the size of the file")
            for file, count in sorted(read.items(), key=lambda each: -each[1] / _size(each[0])):
                most = MOST_TIMES * _size(file) + MOST_MORE_BYTES
                mark = "too much" if count > most else ""
                print(f"  {count / _size(file):6.2f}  {_size(file):>10,}  {file.name}  {mark}")


def _files(path: Path) -> list[Path]:
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def _size(file: Path) -> int:
    return max(1, file.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])
