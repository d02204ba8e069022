"""Adds tags with their names, parents and uses, and the time of a file that was replaced."""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "component_tag_concept",
        sa.Column("namespace", sa.String(length=100), nullable=True),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("value_type", sa.String(length=16), nullable=True),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_tag_concept_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_tag_concept")),
    )
    op.create_table(
        "component_tag_name",
        sa.Column(
            "key",
            sa.String(length=500).with_variant(sa.String(length=500, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("is_alias", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_tag_name_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_tag_name")),
        sa.UniqueConstraint("digest", name=op.f("uq_component_tag_name_digest")),
    )
    with op.batch_alter_table("component_tag_name", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_tag_name_entity_id"), ["entity_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_component_tag_name_key"), ["key"], unique=False)
    op.create_table(
        "component_tag_parent",
        sa.Column(
            "parent_entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_tag_parent_entity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["parent_entity_id"],
            ["entities.id"],
            name=op.f("fk_component_tag_parent_parent_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_tag_parent")),
        sa.UniqueConstraint(
            "entity_id",
            "parent_entity_id",
            name=op.f("uq_component_tag_parent_entity_id_parent_entity_id"),
        ),
    )
    with op.batch_alter_table("component_tag_parent", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_tag_parent_entity_id"), ["entity_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_component_tag_parent_parent_entity_id"),
            ["parent_entity_id"],
            unique=False,
        )
    op.create_table(
        "component_entity_tag_link",
        sa.Column(
            "tag_entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("system", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_entity_tag_link_entity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_entity_id"],
            ["entities.id"],
            name=op.f("fk_component_entity_tag_link_tag_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_entity_tag_link")),
        sa.UniqueConstraint(
            "entity_id",
            "tag_entity_id",
            "source",
            "system",
            name="uq_component_entity_tag_link",
        ),
    )
    with op.batch_alter_table("component_entity_tag_link", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_entity_tag_link_entity_id"), ["entity_id"], unique=False
        )
        batch_op.create_index(
            "ix_component_entity_tag_link_tag", ["tag_entity_id", "entity_id"], unique=False
        )
    with op.batch_alter_table("component_content_successor", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "mtime_ns", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("component_content_successor", schema=None) as batch_op:
        batch_op.drop_column("mtime_ns")
    op.drop_table("component_entity_tag_link")
    op.drop_table("component_tag_parent")
    op.drop_table("component_tag_name")
    op.drop_table("component_tag_concept")
