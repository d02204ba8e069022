"""Adds keys to look up comic concepts by, and hints to failures.

Drops the index of series titles as they are spelled.
"""

import unicodedata

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLE = "component_comic_book_concept"
_FAILURES = "component_processing_error"
_KEY_LENGTH = 500
_PAGE = 1000


def upgrade() -> None:
    with op.batch_alter_table(_FAILURES, schema=None) as batch_op:
        batch_op.add_column(sa.Column("hint", sa.String(), nullable=True))
    with op.batch_alter_table(_TABLE, schema=None) as batch_op:
        batch_op.add_column(sa.Column("title_key", sa.String(length=_KEY_LENGTH), nullable=True))
        batch_op.drop_index(batch_op.f("ix_component_comic_book_concept_series_title"))
    _fill()
    with op.batch_alter_table(_TABLE, schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_comic_book_concept_title_key"), ["title_key"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table(_TABLE, schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_comic_book_concept_title_key"))
        batch_op.create_index(
            batch_op.f("ix_component_comic_book_concept_series_title"),
            ["series_title"],
            unique=False,
        )
        batch_op.drop_column("title_key")
    with op.batch_alter_table(_FAILURES, schema=None) as batch_op:
        batch_op.drop_column("hint")


def _fill() -> None:
    """Give every row its key, computed here because no database folds letters as Python does."""
    concepts = sa.table(
        _TABLE,
        *map(sa.column, ("entity_id", "series_title", "comic_title", "title_key")),
    )
    changed = (
        sa.update(concepts)
        .where(concepts.c.entity_id == sa.bindparam("of"))
        .values(title_key=sa.bindparam("key"))
    )
    bind = op.get_bind()
    last = 0
    while True:
        page = (
            sa.select(concepts.c.entity_id, concepts.c.series_title, concepts.c.comic_title)
            .where(concepts.c.entity_id > last)
            .order_by(concepts.c.entity_id)
            .limit(_PAGE)
        )
        rows = bind.execute(page).all()
        if not rows:
            return
        keys = [{"of": row[0], "key": _key(row[1] or row[2])} for row in rows]
        bind.execute(changed, keys)
        last = rows[-1][0]


def _key(title: str) -> str:
    """Do what `title_key` in `dam.media` did when this was written."""
    folded = unicodedata.normalize("NFC", title).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())[:_KEY_LENGTH]
