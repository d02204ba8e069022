"""Baseline: entities, their first components, and the counters beside them."""

import uuid

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("entity_id_seq")))
    op.create_table(
        "component_revisions",
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("table_name", name=op.f("pk_component_revisions")),
    )
    op.create_table(
        "entities",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entities")),
    )
    op.create_table(
        "entity_counter",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("last_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity_counter")),
    )
    op.create_table(
        "world_identity",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("uuid", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_world_identity")),
    )
    op.create_table(
        "component_content_hash_md5",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_content_hash_md5_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_content_hash_md5")),
    )
    with op.batch_alter_table("component_content_hash_md5", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_content_hash_md5_digest"), ["digest"], unique=False
        )

    op.create_table(
        "component_content_hash_sha1",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_content_hash_sha1_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_content_hash_sha1")),
    )
    with op.batch_alter_table("component_content_hash_sha1", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_content_hash_sha1_digest"), ["digest"], unique=False
        )

    op.create_table(
        "component_content_hash_sha256",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_content_hash_sha256_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_content_hash_sha256")),
        sa.UniqueConstraint("digest", name=op.f("uq_component_content_hash_sha256_digest")),
    )
    op.create_table(
        "component_content_successor",
        sa.Column(
            "successor_entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_content_successor_entity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["successor_entity_id"],
            ["entities.id"],
            name=op.f("fk_component_content_successor_successor_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_content_successor")),
        sa.UniqueConstraint(
            "entity_id",
            "successor_entity_id",
            name=op.f("uq_component_content_successor_entity_id_successor_entity_id"),
        ),
    )
    with op.batch_alter_table("component_content_successor", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_content_successor_entity_id"), ["entity_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_component_content_successor_successor_entity_id"),
            ["successor_entity_id"],
            unique=False,
        )

    op.create_table(
        "component_file_location",
        sa.Column("storage", sa.String(length=32), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=True),
        sa.Column("path_digest", sa.LargeBinary(), nullable=True),
        sa.Column("path_text", sa.String(), nullable=True),
        sa.Column(
            "size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("mtime_ns", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_file_location_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_file_location")),
        sa.UniqueConstraint("path_digest", name=op.f("uq_component_file_location_path_digest")),
    )
    with op.batch_alter_table("component_file_location", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_file_location_entity_id"), ["entity_id"], unique=False
        )

    op.create_table(
        "component_file_properties",
        sa.Column(
            "size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("name_text", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=True),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_file_properties_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_file_properties")),
    )
    with op.batch_alter_table("component_file_properties", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_file_properties_media_type"), ["media_type"], unique=False
        )

    op.create_table(
        "component_frame_properties",
        sa.Column(
            "frame_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("is_animated", sa.Boolean(), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_frame_properties_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_frame_properties")),
    )
    op.create_table(
        "component_image_dimensions",
        sa.Column("width", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("height", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_image_dimensions_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_image_dimensions")),
    )
    op.create_table(
        "component_image_format",
        sa.Column("format", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column(
            "bit_depth", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("has_alpha", sa.Boolean(), nullable=False),
        sa.Column(
            "orientation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_image_format_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_image_format")),
    )
    op.create_table(
        "component_image_perceptual_ahash",
        sa.Column("recipe", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_image_perceptual_ahash_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_image_perceptual_ahash")),
    )
    with op.batch_alter_table("component_image_perceptual_ahash", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_image_perceptual_ahash_revision"), ["revision"], unique=False
        )

    op.create_table(
        "component_image_perceptual_dhash",
        sa.Column("recipe", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_image_perceptual_dhash_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_image_perceptual_dhash")),
    )
    with op.batch_alter_table("component_image_perceptual_dhash", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_image_perceptual_dhash_revision"), ["revision"], unique=False
        )

    op.create_table(
        "component_image_perceptual_phash",
        sa.Column("recipe", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_image_perceptual_phash_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_image_perceptual_phash")),
    )
    with op.batch_alter_table("component_image_perceptual_phash", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_image_perceptual_phash_revision"), ["revision"], unique=False
        )

    op.create_table(
        "component_needs_content_analysis",
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
            name=op.f("fk_component_needs_content_analysis_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_needs_content_analysis")),
    )
    op.create_table(
        "component_needs_metadata_extraction",
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
            name=op.f("fk_component_needs_metadata_extraction_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_component_needs_metadata_extraction")),
    )
    op.create_table(
        "component_original_source_info",
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("path_digest", sa.LargeBinary(), nullable=False),
        sa.Column("path_text", sa.String(), nullable=False),
        sa.Column(
            "size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("mtime_ns", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mode", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_original_source_info_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_original_source_info")),
        sa.UniqueConstraint(
            "path_digest", name=op.f("uq_component_original_source_info_path_digest")
        ),
    )
    with op.batch_alter_table("component_original_source_info", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_original_source_info_entity_id"), ["entity_id"], unique=False
        )

    op.create_table(
        "component_processing_error",
        sa.Column("system", sa.String(length=255), nullable=False),
        sa.Column("error", sa.String(length=255), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("requirement", sa.String(length=255), nullable=True),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entities.id"],
            name=op.f("fk_component_processing_error_entity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_processing_error")),
        sa.UniqueConstraint(
            "entity_id", "system", name=op.f("uq_component_processing_error_entity_id_system")
        ),
    )
    with op.batch_alter_table("component_processing_error", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_processing_error_entity_id"), ["entity_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_component_processing_error_system"), ["system"], unique=False
        )
    counter = sa.table("entity_counter", sa.column("id"), sa.column("last_id"))
    op.bulk_insert(counter, [{"id": 1, "last_id": 0}])
    identity = sa.table("world_identity", sa.column("id"), sa.column("uuid"))
    op.bulk_insert(identity, [{"id": 1, "uuid": uuid.uuid4().hex}])


def downgrade() -> None:
    with op.batch_alter_table("component_processing_error", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_processing_error_system"))
        batch_op.drop_index(batch_op.f("ix_component_processing_error_entity_id"))

    op.drop_table("component_processing_error")
    with op.batch_alter_table("component_original_source_info", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_original_source_info_entity_id"))

    op.drop_table("component_original_source_info")
    op.drop_table("component_needs_metadata_extraction")
    op.drop_table("component_needs_content_analysis")
    with op.batch_alter_table("component_image_perceptual_phash", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_image_perceptual_phash_revision"))

    op.drop_table("component_image_perceptual_phash")
    with op.batch_alter_table("component_image_perceptual_dhash", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_image_perceptual_dhash_revision"))

    op.drop_table("component_image_perceptual_dhash")
    with op.batch_alter_table("component_image_perceptual_ahash", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_image_perceptual_ahash_revision"))

    op.drop_table("component_image_perceptual_ahash")
    op.drop_table("component_image_format")
    op.drop_table("component_image_dimensions")
    op.drop_table("component_frame_properties")
    with op.batch_alter_table("component_file_properties", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_file_properties_media_type"))

    op.drop_table("component_file_properties")
    with op.batch_alter_table("component_file_location", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_file_location_entity_id"))

    op.drop_table("component_file_location")
    with op.batch_alter_table("component_content_successor", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_content_successor_successor_entity_id"))
        batch_op.drop_index(batch_op.f("ix_component_content_successor_entity_id"))

    op.drop_table("component_content_successor")
    op.drop_table("component_content_hash_sha256")
    with op.batch_alter_table("component_content_hash_sha1", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_content_hash_sha1_digest"))

    op.drop_table("component_content_hash_sha1")
    with op.batch_alter_table("component_content_hash_md5", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_content_hash_md5_digest"))

    op.drop_table("component_content_hash_md5")
    op.drop_table("world_identity")
    op.drop_table("entity_counter")
    op.drop_table("entities")
    op.drop_table("component_revisions")
    if op.get_context().dialect.name == "postgresql":
        op.execute(sa.schema.DropSequence(sa.Sequence("entity_id_seq")))
