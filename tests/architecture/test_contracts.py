"""The contracts between the layers hold, and they would notice if they did not."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE, PROJECT

pytestmark = pytest.mark.slow


def lint_imports(project: Path) -> str:
    """Return import-linter's report, from a process that imports the package of that folder."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo"],
        cwd=project,
        env={"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_the_layers_are_kept() -> None:
    report = lint_imports(PROJECT)
    assert "0 broken." in report, report


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("services/__init__.py", "import dam.systems", "Imports go downward only"),
        ("tasks/__init__.py", "import dam.services", "Imports go downward only"),
        ("workers/__init__.py", "import dam.core", "Imports go downward only"),
        ("core/__init__.py", "import dam.storage.addresses", "Imports go downward only"),
        ("media/__init__.py", "import dam.core", "Imports go downward only"),
        ("cli/__init__.py", "import dam.core", "Front ends know app, sync, services and errors"),
        ("core/__init__.py", "import PIL", "The runtime knows nothing of pictures"),
        ("media/__init__.py", "import sqlalchemy", "Media, storage and what runs in workers know"),
        (
            "tasks/__init__.py",
            "import dam.core.ecs.components",
            "Media, storage and what runs in workers know",
        ),
        (
            "models/__init__.py",
            "import dam.core.prelude",
            "The prelude is for systems and plugins",
        ),
        (
            "services/digest_service.py",
            "import dam.services.page_service.rows",
            "services.page_service is used through its face",
        ),
        (
            "services/digest_service.py",
            "import dam.models.core.world_identity",
            "models are used through their face",
        ),
        ("media/comic/xml_markup.py", "import dam.media.comic.info_xml", "No two rooms of a layer"),
        ("storage/__init__.py", "import PyQt6", "Qt stays in the window"),
    ],
)
def test_an_import_against_the_layers_is_found(
    tmp_path: Path, file: str, line: str, contract: str
) -> None:
    shutil.copytree(PACKAGE, tmp_path / "dam")
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    with (tmp_path / "dam" / file).open("a") as source:
        source.write(f"\n{line}\n")
    report = lint_imports(tmp_path)
    assert re.search(rf"^{contract}.* BROKEN$", report, re.MULTILINE), report
