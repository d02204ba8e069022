"""Adds the state in which a large file was hashed to its location."""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("component_file_location", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "ctime_ns", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(
            sa.Column("device", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(
            sa.Column("inode", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )


def downgrade() -> None:
    with op.batch_alter_table("component_file_location", schema=None) as batch_op:
        batch_op.drop_column("inode")
        batch_op.drop_column("device")
        batch_op.drop_column("ctime_ns")
