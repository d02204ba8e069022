"""A folder of files made to break decoders: each costs one failure, and nothing else."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from dam.errors import ExitCode
from tests.command_line import DamCli
from tests.faults.forks import workers_of

pytestmark = pytest.mark.slow

_PICTURES = Path(__file__).parents[1] / "assets" / "pictures"
_MOST_BYTES = 1_000_000_000
_LOOK_EVERY_S = 0.02


class _Watch(threading.Thread):
    """Notes the most memory that each process of a command has ever had."""

    def __init__(self, process_id: int) -> None:
        super().__init__(daemon=True)
        self.peaks = dict[int, int]()
        self.is_over = threading.Event()
        self._process_id = process_id

    def run(self) -> None:
        while not self.is_over.wait(_LOOK_EVERY_S):
            for one in (self._process_id, *workers_of(self._process_id)):
                self.peaks[one] = max(self.peaks.get(one, 0), _peak_bytes(one))


def _peak_bytes(process_id: int) -> int:
    try:
        status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    except OSError:  # it has ended
        return 0
    lines = (line.split() for line in status.splitlines())
    return next((int(words[1]) << 10 for words in lines if words[0] == "VmHWM:"), 0)


def _add(dam_cli: DamCli, folder: Path) -> dict[str, Any]:
    """Add the folder; return what the command says, unless a process took too much memory."""
    process = dam_cli.start("add-asset", "-r", folder, "--json")
    watch = _Watch(process.pid)
    watch.start()
    output, said = process.communicate(timeout=600)
    watch.is_over.set()
    watch.join()
    assert process.returncode == ExitCode.ITEMS_FAILED, said
    assert max(watch.peaks.values()) < _MOST_BYTES, watch.peaks
    found: dict[str, Any] = json.loads(output)
    return found


def test_a_folder_of_hostile_files(dam_cli: DamCli, corpus: Path, home: Path) -> None:
    folder = home / "folder"
    shutil.copytree(corpus / "malformed", folder)
    pictures = sorted(_PICTURES.iterdir())
    subfolders = sorted(path for path in folder.iterdir() if path.is_dir())
    for subfolder, picture in zip(subfolders, pictures, strict=False):
        shutil.copy(picture, subfolder / f"good {picture.name}")

    first = _add(dam_cli, folder)
    again = _add(dam_cli, folder)

    assert again["added"] == 0
    assert again["failures"] == first["failures"]
    errors = {one["error"] for one in first["failures"]}
    assert errors <= {
        "MediaLimitError",
        "MissingDecoderError",
        "NoDecoderError",
        "TornPictureError",
        "UnreadableDocumentError",
        "UnreadablePictureError",
        "UnreadableStreamsError",
        "WorkerDiedError",
        "WorkerMemoryError",
    }
    assert not [one for one in first["failures"] if "good" in Path(one["path"]).name]
    good = dam_cli("search", "name:good", "--json").json
    assert len(good) == min(len(subfolders), len(pictures))
    assert all(one["width"] for one in good)
