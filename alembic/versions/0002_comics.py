"""Comics: concepts, variants, pages, archives that hold them; the version of descriptions.

No longer recorded is whether a stored file is shared: its inode says that, and is always right.
"""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "component_comic_book_concept",
        sa.Column("comic_title", sa.String(), nullable=False),
        sa.Column("series_title", sa.String(length=500), nullable=True),
        sa.Column("issue_number", sa.String(length=64), nullable=True),
        sa.Column("volume", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "issue_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "publication_year", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "publication_month", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "publication_day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("publisher", sa.String(), nullable=True),
        sa.Column("imprint", sa.String(), nullable=True),
        sa.Column("age_rating", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_comic_book_concept_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_comic_book_concept")),
    )
    with op.batch_alter_table("component_comic_book_concept", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_comic_book_concept_name"), ["name"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_component_comic_book_concept_series_title"),
            ["series_title"],
            unique=False,
        )

    op.create_table(
        "component_comic_book_term",
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_comic_book_term_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_comic_book_term")),
        sa.UniqueConstraint(
            "entity_id",
            "kind",
            "position",
            name=op.f("uq_component_comic_book_term_entity_id_kind_position"),
        ),
    )
    with op.batch_alter_table("component_comic_book_term", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_comic_book_term_entity_id"), ["entity_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_component_comic_book_term_kind"), ["kind"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_component_comic_book_term_name"), ["name"], unique=False
        )

    op.create_table(
        "component_comic_book_variant",
        sa.Column("language", sa.String(length=64), nullable=True),
        sa.Column("format", sa.String(length=64), nullable=True),
        sa.Column("scan_quality", sa.String(), nullable=True),
        sa.Column("variant_description", sa.String(), nullable=True),
        sa.Column("scan_group", sa.String(), nullable=True),
        sa.Column("reading_direction", sa.String(length=64), nullable=True),
        sa.Column(
            "conceptual_entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("is_primary_variant", sa.Boolean(), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["conceptual_entity_id"],
            ["entities.id"],
            name=op.f("fk_component_comic_book_variant_conceptual_entity_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_comic_book_variant_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_comic_book_variant")),
    )
    with op.batch_alter_table("component_comic_book_variant", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_comic_book_variant_conceptual_entity_id"),
            ["conceptual_entity_id"],
            unique=False,
        )
        batch_op.create_index(
            "uq_component_comic_book_variant_primary",
            ["conceptual_entity_id"],
            unique=True,
            sqlite_where=sa.text("is_primary_variant"),
            postgresql_where=sa.text("is_primary_variant"),
        )

    op.create_table(
        "component_comic_info_element",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("is_markup", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_comic_info_element_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_comic_info_element")),
        sa.UniqueConstraint(
            "entity_id", "position", name=op.f("uq_component_comic_info_element_entity_id_position")
        ),
    )
    with op.batch_alter_table("component_comic_info_element", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_comic_info_element_entity_id"), ["entity_id"], unique=False
        )

    op.create_table(
        "page_links",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "owner_entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "page_image_entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "page_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("page_type", sa.String(length=64), nullable=True),
        sa.Column("is_double_page", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.String(), nullable=True),
        sa.CheckConstraint("page_number >= 1", name=op.f("ck_page_links_page_number")),
        sa.ForeignKeyConstraint(
            ["owner_entity_id"],
            ["entities.id"],
            name=op.f("fk_page_links_owner_entity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["page_image_entity_id"],
            ["entities.id"],
            name=op.f("fk_page_links_page_image_entity_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_links")),
        sa.UniqueConstraint(
            "owner_entity_id", "page_number", name=op.f("uq_page_links_owner_entity_id_page_number")
        ),
    )
    with op.batch_alter_table("page_links", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_page_links_page_image_entity_id"), ["page_image_entity_id"], unique=False
        )

    with op.batch_alter_table("component_file_location", schema=None) as batch_op:
        batch_op.drop_column("is_shared")
        batch_op.add_column(
            sa.Column(
                "container_entity_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
            )
        )
        batch_op.create_index(
            batch_op.f("ix_component_file_location_container_entity_id"),
            ["container_entity_id"],
            unique=False,
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_component_file_location_container_entity_id"),
            "entities",
            ["container_entity_id"],
            ["id"],
            ondelete="RESTRICT",
        )

    with op.batch_alter_table("component_file_properties", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "description_recipe",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("component_file_properties", schema=None) as batch_op:
        batch_op.drop_column("description_recipe")

    with op.batch_alter_table("component_file_location", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_component_file_location_container_entity_id"), type_="foreignkey"
        )
        batch_op.drop_index(batch_op.f("ix_component_file_location_container_entity_id"))
        batch_op.drop_column("container_entity_id")
        batch_op.add_column(
            sa.Column("is_shared", sa.Boolean(), nullable=False, server_default=sa.false())
        )

    with op.batch_alter_table("component_file_location", schema=None) as batch_op:
        batch_op.alter_column("is_shared", server_default=None)

    with op.batch_alter_table("page_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_page_links_page_image_entity_id"))

    op.drop_table("page_links")
    with op.batch_alter_table("component_comic_info_element", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_comic_info_element_entity_id"))

    op.drop_table("component_comic_info_element")
    with op.batch_alter_table("component_comic_book_variant", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_component_comic_book_variant_primary",
            sqlite_where=sa.text("is_primary_variant"),
            postgresql_where=sa.text("is_primary_variant"),
        )
        batch_op.drop_index(batch_op.f("ix_component_comic_book_variant_conceptual_entity_id"))

    op.drop_table("component_comic_book_variant")
    with op.batch_alter_table("component_comic_book_term", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_comic_book_term_name"))
        batch_op.drop_index(batch_op.f("ix_component_comic_book_term_kind"))
        batch_op.drop_index(batch_op.f("ix_component_comic_book_term_entity_id"))

    op.drop_table("component_comic_book_term")
    with op.batch_alter_table("component_comic_book_concept", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_comic_book_concept_series_title"))
        batch_op.drop_index(batch_op.f("ix_component_comic_book_concept_name"))

    op.drop_table("component_comic_book_concept")
