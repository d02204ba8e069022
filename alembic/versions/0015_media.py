"""Adds what files of all kinds say of themselves: cameras, places, streams, documents."""

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables of each part."""
