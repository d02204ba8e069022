"""Adds the index of search, the changes that it must follow, and saved queries."""

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# `ascii` makes exactly the words of them that dam made: between spaces, other characters are kept.
# No positions and lengths are kept, because dam asks for neither.
_FTS = (
    """
    CREATE VIRTUAL TABLE search_words USING fts5(
        words, content='component_search_entry', content_rowid='entity_id',
        tokenize='ascii', detail='none', columnsize=0
    )
    """,
    """
    CREATE TRIGGER search_words_insert AFTER INSERT ON component_search_entry BEGIN
        INSERT INTO search_words (rowid, words) VALUES (new.entity_id, new.words);
    END
    """,
    """
    CREATE TRIGGER search_words_delete AFTER DELETE ON component_search_entry BEGIN
        INSERT INTO search_words (search_words, rowid, words)
        VALUES ('delete', old.entity_id, old.words);
    END
    """,
    """
    CREATE TRIGGER search_words_update AFTER UPDATE OF entity_id, words ON component_search_entry
    WHEN old.words <> new.words OR old.entity_id <> new.entity_id BEGIN
        INSERT INTO search_words (search_words, rowid, words)
        VALUES ('delete', old.entity_id, old.words);
        INSERT INTO search_words (rowid, words) VALUES (new.entity_id, new.words);
    END
    """,
)
_GIN = """
    CREATE INDEX ix_component_search_entry_words ON component_search_entry USING gin (
        array_to_tsvector(array_remove(array_remove(string_to_array(words, ' '), ''), '|'))
    )
"""
# Enough to be listed and sorted by. `env.py` marks them, so that `process` adds their words.
_ENTRIES = """
    INSERT INTO component_search_entry (entity_id, words, name_key, is_listed)
    SELECT found.entity_id, '', lower(substr(file.name_text, 1, 255)),
        found.entity_id IN (SELECT entity_id FROM component_comic_book_variant)
        OR EXISTS (
            SELECT 1 FROM component_file_location AS place
            WHERE place.entity_id = found.entity_id AND place.storage <> 'archive'
        )
        OR NOT EXISTS (
            SELECT 1 FROM component_file_location AS place
            WHERE place.entity_id = found.entity_id
        )
    FROM (
        SELECT entity_id FROM component_content_hash_sha256
        UNION SELECT entity_id FROM component_comic_book_variant
    ) AS found
    LEFT JOIN component_file_properties AS file ON file.entity_id = found.entity_id
"""


def upgrade() -> None:
    op.create_table(
        "component_search_entry",
        sa.Column("words", sa.String(), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_search_entry_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_search_entry")),
    )
    with op.batch_alter_table("component_search_entry", schema=None) as batch_op:
        batch_op.create_index(
            "ix_component_search_entry_listed",
            ["entity_id"],
            unique=False,
            sqlite_where=sa.text("is_listed"),
            postgresql_where=sa.text("is_listed"),
        )
        batch_op.create_index(
            batch_op.f("ix_component_search_entry_name_key"), ["name_key"], unique=False
        )
    if op.get_context().dialect.name == "sqlite":
        for statement in _FTS:
            op.execute(statement)
    else:
        op.execute(_GIN)
    op.create_table(
        "component_needs_search_entry",
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_needs_search_entry_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_needs_search_entry")),
    )
    op.create_table(
        "search_changes",
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Each commit empties it: what is dead in it must not pile up.
        op.execute(
            "ALTER TABLE search_changes SET"
            " (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)"
        )
    op.create_table(
        "saved_queries",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_saved_queries")),
    )
    op.execute(_ENTRIES)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        # Those of plugins that are not there; `env.py` has dropped the others.
        named = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE :pattern"
        for name in connection.scalars(sa.text(named), {"pattern": "search_change_%"}).all():
            op.execute(f"DROP TRIGGER {connection.dialect.identifier_preparer.quote(name)}")
    else:
        op.execute("DROP FUNCTION IF EXISTS search_note_new_rows, search_note_row CASCADE")
    op.drop_table("saved_queries")
    op.drop_table("search_changes")
    op.drop_table("component_needs_search_entry")
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TABLE search_words")
    op.drop_table("component_search_entry")
