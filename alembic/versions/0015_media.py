"""Adds what files of all kinds say of themselves: cameras, places, streams, documents."""

from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables of each part."""
    _duration()


def downgrade() -> None:
    op.drop_table("component_duration")


def _component(name: str, *columns: sa.Column[Any]) -> None:
    """Create the table of a component of which an entity has one."""
    table = f"component_{name}"
    op.create_table(
        table,
        *columns,
        sa.Column("entity_id", _ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f(f"fk_{table}_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f(f"pk_{table}")),
    )


def _duration() -> None:
    _component("duration", sa.Column("duration_s", sa.Double(), nullable=False))
