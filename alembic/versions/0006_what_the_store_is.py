"""The database names what its store is, as the mark of that store does."""

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("world_identity", schema=None) as batch_op:
        batch_op.add_column(sa.Column("store_editions", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("new_store", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("world_identity", schema=None) as batch_op:
        batch_op.drop_column("new_store")
        batch_op.drop_column("store_editions")
