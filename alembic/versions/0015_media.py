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
    _documents()


def downgrade() -> None:
    for table in (
        "component_document_text",
        "component_document_properties",
        "component_stated_text",
    ):
        op.drop_table(table)


def _component(name: str, *columns: sa.Column[object]) -> None:
    """Create the table of a component."""
    op.create_table(
        f"component_{name}",
        *columns,
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f(f"fk_component_{name}_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f(f"pk_component_{name}")),
    )


def _stated_text() -> None:
    _component(
        "stated_text",
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
    )


def _documents() -> None:
    _component(
        "document_properties",
        sa.Column(
            "page_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("is_encrypted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
    )
    _component("document_text", sa.Column("text", sa.String(), nullable=False))
