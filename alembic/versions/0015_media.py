"""Adds what files of all kinds say of themselves: cameras, places, streams, documents."""

import sqlalchemy as sa

from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables of each part."""
    _stated_text()
    _streams()


def _stated_text() -> None:
    op.create_table(
        "component_stated_text",
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        *_of_entity("component_stated_text"),
    )


def _streams() -> None:
    op.create_table(
        "component_duration",
        sa.Column("duration_s", sa.Double(), nullable=False),
        *_of_entity("component_duration"),
    )
    op.create_table(
        "component_container_properties",
        sa.Column("container", sa.String(length=32), nullable=False),
        sa.Column("bit_rate", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        *_of_entity("component_container_properties"),
    )
    op.create_table(
        "component_video_properties",
        sa.Column("codec", sa.String(length=64), nullable=True),
        sa.Column("frame_rate", sa.Double(), nullable=True),
        sa.Column("rotation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *_of_entity("component_video_properties"),
    )
    op.create_table(
        "component_audio_properties",
        sa.Column("codec", sa.String(length=64), nullable=True),
        sa.Column(
            "sample_rate_hz", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("channels", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        *_of_entity("component_audio_properties"),
    )
    op.create_table(
        "component_audio_tags",
        sa.Column("artist", sa.String(), nullable=True),
        sa.Column("album", sa.String(), nullable=True),
        sa.Column("album_artist", sa.String(), nullable=True),
        sa.Column("track", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("year", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("genre", sa.String(), nullable=True),
        *_of_entity("component_audio_tags"),
    )


def _of_entity(table: str) -> tuple[sa.Column[int], *tuple[sa.Constraint, ...]]:
    """Return the key of a component's table, which is the entity's id."""
    return (
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f(f"fk_{table}_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f(f"pk_{table}")),
    )
