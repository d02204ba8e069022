"""Adds what files of all kinds say of themselves: cameras, places, streams, documents."""

from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STREAM_TABLES = (
    "duration",
    "container_properties",
    "video_properties",
    "audio_properties",
    "audio_tags",
)
_CAMERA_TABLES = ("camera_properties", "taken_at", "geo_position", "file_metadata")
_DOCUMENT_TABLES = ("document_properties", "document_text")


def upgrade() -> None:
    """Add the tables of each part."""
    _stated_text()
    _streams()
    _camera()
    _documents()


def downgrade() -> None:
    for name in ("stated_text", *_STREAM_TABLES, *_CAMERA_TABLES, *_DOCUMENT_TABLES):
        op.drop_table(f"component_{name}")


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


def _index(name: str, column: str) -> None:
    table = f"component_{name}"
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)


def _stated_text() -> None:
    names = ("title", "description", "author")
    _component("stated_text", *(sa.Column(name, sa.String(), nullable=True) for name in names))


def _streams() -> None:
    _component("duration", sa.Column("duration_s", sa.Double(), nullable=False))
    _component(
        "container_properties",
        sa.Column("container", sa.String(length=32), nullable=False),
        sa.Column("bit_rate", _ID, nullable=True),
    )
    _component(
        "video_properties",
        sa.Column("codec", sa.String(length=64), nullable=True),
        sa.Column("frame_rate", sa.Double(), nullable=True),
        sa.Column("rotation", _ID, nullable=False),
    )
    _component(
        "audio_properties",
        sa.Column("codec", sa.String(length=64), nullable=True),
        sa.Column("sample_rate_hz", _ID, nullable=True),
        sa.Column("channels", _ID, nullable=True),
    )
    _component(
        "audio_tags",
        sa.Column("artist", sa.String(), nullable=True),
        sa.Column("album", sa.String(), nullable=True),
        sa.Column("album_artist", sa.String(), nullable=True),
        sa.Column("track", _ID, nullable=True),
        sa.Column("year", _ID, nullable=True),
        sa.Column("genre", sa.String(), nullable=True),
    )


def _camera() -> None:
    _component(
        "camera_properties",
        sa.Column("make", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("lens", sa.String(), nullable=True),
        sa.Column("exposure_time_s", sa.Double(), nullable=True),
        sa.Column("f_number", sa.Double(), nullable=True),
        sa.Column("iso", _ID, nullable=True),
        sa.Column("focal_length_mm", sa.Double(), nullable=True),
    )
    _component(
        "taken_at",
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.Column("utc_offset_minutes", _ID, nullable=True),
        sa.Column("source", sa.String(length=100), nullable=False),
    )
    _index("taken_at", "taken_at")
    _component(
        "geo_position",
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("altitude_m", sa.Double(), nullable=True),
    )
    _index("geo_position", "latitude")
    _component("file_metadata", sa.Column("values", sa.String(), nullable=False))


def _documents() -> None:
    _component(
        "document_properties",
        sa.Column("page_count", _ID, nullable=True),
        sa.Column("is_encrypted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
    )
    _component("document_text", sa.Column("text", sa.String(), nullable=False))
