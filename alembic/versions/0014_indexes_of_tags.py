"""Drops an index of the uses of tags that another one begins with, and adds one of values."""

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("component_entity_tag_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_entity_tag_link_entity_id"))
        batch_op.create_index(
            "ix_component_entity_tag_link_number",
            ["tag_entity_id", "entity_id", "number"],
            unique=False,
            sqlite_where=sa.text("number IS NOT NULL"),
            postgresql_where=sa.text("number IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("component_entity_tag_link", schema=None) as batch_op:
        batch_op.drop_index("ix_component_entity_tag_link_number")
        batch_op.create_index(
            batch_op.f("ix_component_entity_tag_link_entity_id"), ["entity_id"], unique=False
        )
