"""The whole of the public corpus goes in: photographs, comics, and files made to break decoders."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dam.services.digest_service import find_by_digest, parse_digest
from dam.sync import SyncWorld
from tests.command_line import DamCli, Result
from tests.faults.forks import workers_of

pytestmark = [pytest.mark.slow, pytest.mark.corpus]

_LIMIT_KIB = 1_400_000  # a picture of 100 million pixels takes a worker 0.9 GB at most
_LOOK_EVERY_S = 0.05


@contextmanager
def watched_memory(process_id: int) -> Iterator[list[int]]:
    """Yield a list whose one number is the most memory, in KiB, that a command and its workers had.

    What processes share is counted once (the sum of their proportional set sizes).
    """
    most = [0]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_LOOK_EVERY_S):
            most[0] = max(most[0], sum(map(_pss_kib, [process_id, *workers_of(process_id)])))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        is_over.set()
        watcher.join()


def _pss_kib(process_id: int) -> int:
    try:
        lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def add(dam_cli: DamCli, corpus: Path) -> tuple[Result, int]:
    """Add the corpus; return what came of it and the most memory it took."""
    process = dam_cli.start("add-asset", "-r", corpus, "--json")
    with watched_memory(process.pid) as most:
        stdout, stderr = process.communicate(timeout=600)
    return Result(process.returncode, stdout.decode(), stderr.decode()), most[0]


def counts(summary: dict[str, Any]) -> dict[str, int]:
    names = ("added", "known", "unchanged", "skipped", "failed")
    return {name: summary[name] for name in names if summary[name]}


def failures_told(line: str) -> int:
    """Return the number of failures that a line of stderr tells of: `failed: 2 others, of …`."""
    if not line.startswith("failed: "):
        return 0
    many = re.match(r"failed: (\d+) (?:\N{MULTIPLICATION SIGN}|others?\b)", line)
    return int(many[1]) if many else 1


def test_every_file_becomes_an_asset_or_a_named_failure(
    dam_cli: DamCli, home: Path, corpus: Path
) -> None:
    paths = [path for path in corpus.rglob("*") if path.is_file() and not path.is_symlink()]
    digests = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    first, most_kib = add(dam_cli, corpus)

    assert first.returncode == 3  # there are pictures in it that nobody can read
    contents = len(set(digests.values()))
    assert counts(first.json) == {"added": contents, "known": len(paths) - contents}
    for failure in first.json["failures"]:
        assert failure["error"] not in {"WorkerDiedError", "WorkerTimeoutError"}, failure
        assert failure["error"].endswith("Error"), failure
        assert len(failure["message"]) > len("unreadable picture: "), failure
    lines = first.stderr.splitlines()
    assert sum(map(failures_told, lines)) == len(first.json["failures"])
    assert len(lines) < 40
    assert most_kib < _LIMIT_KIB

    store = home / ".local" / "share" / "dam" / "default-storage"
    for digest in set(digests.values()):
        content = (store / digest[:2] / digest[2:4] / digest).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest

    again, _ = add(dam_cli, corpus)
    assert counts(again.json) == {"unchanged": len(paths)}
    assert again.json["failures"] == first.json["failures"]
    with SyncWorld() as world:
        for path in sorted(digests)[::10]:
            (found,) = world.run(find_by_digest, parse_digest(digests[path]))
            assert path.name in found.names
