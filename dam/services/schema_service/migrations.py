"""Finds the migrations, and configures Alembic to run them."""

from pathlib import Path
from typing import Any


def migrations_folder() -> Path:
    """Return the folder of the migrations: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parents[2]
    shipped = package / "_alembic"
    return shipped if shipped.is_dir() else package.parent / "alembic"


def alembic_config(folder: Path | None = None) -> Any:  # noqa: ANN401 - its type would import Alembic
    """Return an `alembic.config.Config` with a folder of migrations, by default dam's own."""
    from alembic.config import Config  # noqa: PLC0415 - see `_upgrade`

    config = Config()
    config.set_main_option("script_location", str(folder or migrations_folder()).replace("%", "%%"))
    return config


def known_revisions() -> set[str]:
    """Return the revisions of all migrations."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see `_upgrade`

    scripts = ScriptDirectory.from_config(alembic_config())
    return {script.revision for script in scripts.walk_revisions()}
