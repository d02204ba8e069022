"""Adds the format of a comic, and volumes that are not one whole number."""

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_LONGEST = 64
_PLAIN_MARKS = {
    **dict.fromkeys(map(chr, (*range(0x2010, 0x2016), 0x2212)), "-"),
    **dict.fromkeys(map(chr, (0x2018, 0x2019)), "'"),
}


def upgrade() -> None:
    with op.batch_alter_table("component_comic_book_concept", schema=None) as batch_op:
        batch_op.add_column(sa.Column("volume_text", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("publication_format", sa.String(length=64), nullable=True))
    concept = sa.table(
        "component_comic_book_concept",
        *map(sa.column, ("entity_id", "publication_format", "title_key")),
    )
    variant = sa.table(
        "component_comic_book_variant",
        *map(sa.column, ("entity_id", "conceptual_entity_id")),
        sa.column("is_primary_variant", sa.Boolean()),
    )
    element = sa.table(
        "component_comic_info_element", *map(sa.column, ("entity_id", "name", "value"))
    )
    said = sa.func.trim(element.c.value)
    of_primary = (
        sa.select(sa.func.min(said))
        .select_from(variant.join(element, element.c.entity_id == variant.c.entity_id))
        .where(variant.c.conceptual_entity_id == concept.c.entity_id)
        .where(variant.c.is_primary_variant, element.c.name == "Format")
        .where(sa.func.length(said).between(1, _LONGEST))
        .scalar_subquery()
    )
    op.execute(concept.update().values(publication_format=of_primary))
    for unusual, usual in _PLAIN_MARKS.items():
        key = concept.c.title_key
        has_mark = key.contains(unusual)
        plain = sa.func.replace(key, unusual, usual)
        op.execute(concept.update().where(has_mark).values(title_key=plain))


def downgrade() -> None:
    with op.batch_alter_table("component_comic_book_concept", schema=None) as batch_op:
        batch_op.drop_column("publication_format")
        batch_op.drop_column("volume_text")
