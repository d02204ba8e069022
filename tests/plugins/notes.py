"""A plugin for tests, `dam_notes`: a component, its marker and a system, with migrations."""

import shutil
import zipfile
from pathlib import Path

from tests.plugins.conftest import write_dist_info

TABLES = {
    "alembic_version_dam_notes",
    "component_notes_needs_note",
    "component_notes_note",
}

CODE = """
from dam.core.prelude import (
    Base, Commands, Component, ItemError, Mapped, MarkedEntityList, MarkerComponent, SystemStage,
    mapped_column, system,
)
from sqlalchemy import ForeignKey

class NoteComponent(Component, kw_only=True):
    __tablename__ = "component_notes_note"
    text: Mapped[str]

class NeedsNoteComponent(MarkerComponent, kw_only=True):
    __tablename__ = "component_notes_needs_note"

@system(stage=SystemStage.METADATA_EXTRACTION)
async def take_notes(
    assets: MarkedEntityList[NeedsNoteComponent], commands: Commands
) -> None:
    for asset in assets:
        if asset % 2:
            commands.set(asset, NoteComponent(text="odd"))
        else:
            commands.fail(asset, ItemError("even"))

def install(builder):
    builder.add_system(take_notes)
    builder.mark_new(NeedsNoteComponent)
    builder.add_migrations("dam_notes", revision="{revision}")
"""

HEAD = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {previous!r}

def entity_id():
    return sa.Column(
        "entity_id",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        sa.ForeignKey("entities.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
"""

FIRST = """
def upgrade():
    text = sa.Column("text", sa.String, nullable=False)
    op.create_table("component_notes_note", entity_id(), text)
    op.create_table(
        "component_notes_needs_note",
        entity_id(),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("lease_token", sa.String(64)),
        sa.Column("lease_until", sa.Double),
    )
"""

SECOND = """
def upgrade():
    op.create_table("component_notes_word", entity_id())
    op.add_column("component_notes_note", sa.Column("extra", sa.String))
"""

FAILING = """
def upgrade():
    op.create_table("component_notes_word", entity_id())
    op.execute("UPDATE component_notes_note SET text = 'lost'")
    op.execute("SELECT text FROM nowhere")
"""


def write_notes(
    site_packages: Path,
    *bodies: str,
    code: str = CODE,
    revision: str | None = None,
    name: str = "dam_notes",
    is_zipped: bool = False,
) -> None:
    """Install the plugin, in place of the one that is there.

    Args:
        site_packages: The folder of the packages.
        bodies: The migrations, oldest first.
        code: The package.
        revision: The revision that it says it has; by default, that of the newest migration.
        name: The name of the package.
        is_zipped: It is imported from a zip file that is itself on the path.
    """
    uninstall(site_packages, name)
    revisions = [f"{number:04}" for number in range(1, len(bodies) + 1)]
    newest = revisions[-1] if revisions else "none"
    files = {"__init__.py": code.replace("{revision}", revision or newest)}
    for number, body in enumerate(bodies):
        previous = revisions[number - 1] if number else None
        head = HEAD.format(revision=revisions[number], previous=previous)
        files[f"migrations/{revisions[number]}_notes.py"] = head + body
    if is_zipped:
        with zipfile.ZipFile(site_packages / f"{name}.zip", "w") as archive:
            for path, text in files.items():
                archive.writestr(f"{name}/{path}", text)
    else:
        for path, text in files.items():
            file = site_packages / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    write_dist_info(site_packages, name, "1.0", {"dam.plugins": {name: f"{name}:install"}})


def uninstall(site_packages: Path, name: str = "dam_notes") -> None:
    """Remove the plugin as an installer would; the tables stay."""
    shutil.rmtree(site_packages / name, ignore_errors=True)
    shutil.rmtree(site_packages / f"{name}-1.0.dist-info", ignore_errors=True)
