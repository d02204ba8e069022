"""Adding files from a script without a main guard: its workers do not run it again."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import DamCli

PICTURES = Path(__file__).parents[1] / "assets" / "pictures"
SCRIPT = """
import sys
from dam.services.import_service import ImportOptions
from dam.services.import_service import add_files
from dam.sync import SyncWorld

print("the script runs")
with SyncWorld() as world:
    report = world.run(add_files, sys.argv[1:], ImportOptions(is_recursive=True))
print(report.counts["added"], report.counts["known"], report.counts["failed"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("from_stdin", [False, True])
def test_a_script_without_a_main_guard(home: Path, *, from_stdin: bool) -> None:
    script = home / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-" if from_stdin else str(script), str(PICTURES)],
        input=SCRIPT if from_stdin else "",
        env=DamCli(home).environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"the script runs\n{len(list(PICTURES.iterdir()))} 0 0\n"
