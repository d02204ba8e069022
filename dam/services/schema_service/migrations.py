"""The migrations, and what Alembic needs to run them."""

from pathlib import Path
from typing import Any


def migrations_folder() -> Path:
    """Return where the migrations are: in the wheel, or beside the package in a checkout."""
    package = Path(__file__).parents[2]
    shipped = package / "_alembic"
    return shipped if shipped.is_dir() else package.parent / "alembic"


def alembic_config() -> Any:  # noqa: ANN401 - its type would import Alembic
    """Return what Alembic is to be told: where the migrations are."""
    from alembic.config import Config  # noqa: PLC0415 - see `_upgrade`

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return config


def known_revisions() -> set[str]:
    """Return every revision that there is a migration to."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see `_upgrade`

    scripts = ScriptDirectory.from_config(alembic_config())
    return {script.revision for script in scripts.walk_revisions()}
