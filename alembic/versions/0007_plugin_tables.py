"""The database knows which tables are a plugin's."""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dam_plugins",
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("plugin", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.String(length=255), nullable=False),
        sa.Column("system", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("table_name", name=op.f("pk_dam_plugins")),
    )


def downgrade() -> None:
    op.drop_table("dam_plugins")
