"""Adds what ties a sidecar to its picture: names without extension, and the tie itself."""

import hashlib
import os

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SOURCES = "component_original_source_info"
_TIES = "component_sidecar"
_PAGE = 5000


def upgrade() -> None:
    with op.batch_alter_table(_SOURCES, schema=None) as batch_op:
        batch_op.add_column(sa.Column("stem_digest", sa.LargeBinary(), nullable=True))
    _fill()
    _index(_SOURCES, "stem_digest")
    op.create_table(
        _TIES,
        sa.Column("sidecar_entity_id", _ID, nullable=False),
        sa.Column("entity_id", _ID, autoincrement=False, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [name], ["entities.id"], name=op.f(f"fk_{_TIES}_{name}"), ondelete="CASCADE"
            )
            for name in ("entity_id", "sidecar_entity_id")
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f(f"pk_{_TIES}")),
    )
    _index(_TIES, "sidecar_entity_id")


def downgrade() -> None:
    op.drop_table(_TIES)
    with op.batch_alter_table(_SOURCES, schema=None) as batch_op:
        batch_op.drop_index(batch_op.f(f"ix_{_SOURCES}_stem_digest"))
        batch_op.drop_column("stem_digest")


def _index(table: str, column: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)


def _fill() -> None:
    """Give the paths of files, not of folders, the digest of their path without extension."""
    sources = sa.table(
        _SOURCES,
        sa.column("id"),
        sa.column("entity_id"),
        sa.column("path"),
        sa.column("stem_digest"),
    )
    contents = sa.table("component_content_hash_sha256", sa.column("entity_id"))
    changed = (
        sa.update(sources)
        .where(sources.c.id == sa.bindparam("of"))
        .values(stem_digest=sa.bindparam("digest"))
    )
    of_files = (
        sa.select(sources.c.id, sources.c.path)
        .where(sources.c.entity_id.in_(sa.select(contents.c.entity_id)))
        .order_by(sources.c.id)
        .limit(_PAGE)
    )
    bind = op.get_bind()
    last = 0
    while rows := bind.execute(of_files.where(sources.c.id > last)).all():
        bind.execute(changed, [{"of": row[0], "digest": _digest(row[1])} for row in rows])
        last = rows[-1][0]


def _digest(path: bytes) -> bytes:
    """Do what `stem_digest` in `dam.storage.paths` did when this was written."""
    return hashlib.sha256(os.path.splitext(path)[0]).digest()  # noqa: PTH122 - bytes
