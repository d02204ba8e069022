"""Models, their surfaces, and the marker of these."""

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def entity_id() -> sa.Column[int]:
    """Return a primary key whose row is deleted with its entity."""
    to_entity = sa.ForeignKey("entities.id", ondelete="CASCADE")
    return sa.Column("entity_id", INTEGER, to_entity, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "component_stl_model",
        entity_id(),
        sa.Column("triangle_count", INTEGER, nullable=False, index=True),
        sa.Column("min_x", sa.Double(), nullable=False),
        sa.Column("min_y", sa.Double(), nullable=False),
        sa.Column("min_z", sa.Double(), nullable=False),
        sa.Column("max_x", sa.Double(), nullable=False),
        sa.Column("max_y", sa.Double(), nullable=False),
        sa.Column("max_z", sa.Double(), nullable=False),
    )
    op.create_table(
        "component_stl_surface", entity_id(), sa.Column("is_closed", sa.Boolean(), nullable=False)
    )
    op.create_table(
        "component_stl_needs_surface",
        entity_id(),
        sa.Column("attempts", INTEGER, nullable=False),
        sa.Column("lease_token", sa.String(length=64)),
        sa.Column("lease_until", sa.Double()),
    )
