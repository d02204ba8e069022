"""Adds the trash."""

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "component_trashed",
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_trashed_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_trashed")),
    )
    with op.batch_alter_table("component_trashed", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_trashed_trashed_at"), ["trashed_at"], unique=False
        )


def downgrade() -> None:
    op.drop_table("component_trashed")
