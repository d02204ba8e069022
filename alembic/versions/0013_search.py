"""Adds the index of search, the changes that it must follow, and saved queries."""

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "component_search_entry",
        sa.Column("words", sa.String(), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_search_entry_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_search_entry")),
    )
    with op.batch_alter_table("component_search_entry", schema=None) as batch_op:
        batch_op.create_index(
            "ix_component_search_entry_listed",
            ["entity_id"],
            unique=False,
            sqlite_where=sa.text("is_listed"),
            postgresql_where=sa.text("is_listed"),
        )
        batch_op.create_index(
            batch_op.f("ix_component_search_entry_name_key"), ["name_key"], unique=False
        )
    op.create_table(
        "component_needs_search_entry",
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_needs_search_entry_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_needs_search_entry")),
    )
    op.create_table(
        "search_changes",
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
    )
    op.create_table(
        "saved_queries",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_saved_queries")),
    )


def downgrade() -> None:
    op.drop_table("saved_queries")
    op.drop_table("search_changes")
    op.drop_table("component_needs_search_entry")
    op.drop_table("component_search_entry")
