"""Adds the versions of the media kind that described an asset."""

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# What the kind `image` described before kinds were noted.
_IMAGE_TYPES = (
    "image/avif",
    "image/bmp",
    "image/fits",
    "image/gif",
    "image/heic",
    "image/heic-sequence",
    "image/heif",
    "image/heif-sequence",
    "image/jp2",
    "image/jpeg",
    "image/jpx",
    "image/jxl",
    "image/png",
    "image/tiff",
    "image/vnd.adobe.photoshop",
    "image/vnd.microsoft.icon",
    "image/webp",
    "image/x-blp",
    "image/x-dcx",
    "image/x-dds",
    "image/x-ftex",
    "image/x-gimp-gbr",
    "image/x-icns",
    "image/x-im",
    "image/x-jp2-codestream",
    "image/x-msp",
    "image/x-pcx",
    "image/x-pfm",
    "image/x-photo-cd",
    "image/x-pixar",
    "image/x-portable-arbitrarymap",
    "image/x-portable-bitmap",
    "image/x-portable-graymap",
    "image/x-portable-pixmap",
    "image/x-qoi",
    "image/x-sgi",
    "image/x-sun-raster",
    "image/x-tga",
    "image/x-win-bitmap",
    "image/x-xbitmap",
    "image/x-xpixmap",
    "image/x-xv-thumbnail",
)


def upgrade() -> None:
    with op.batch_alter_table("component_file_properties", schema=None) as batch_op:
        batch_op.add_column(sa.Column("described_by", sa.String(length=255), nullable=True))
        batch_op.add_column(
            sa.Column(
                "picture_version",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
            )
        )
    file = sa.table(
        "component_file_properties",
        *map(sa.column, ("entity_id", "media_type", "description_recipe", "described_by")),
        sa.column("picture_version", sa.Integer()),
    )
    size = sa.table("component_image_dimensions", sa.column("entity_id"))
    has_size = sa.exists().where(size.c.entity_id == file.c.entity_id)
    described = sa.and_(file.c.description_recipe == 1, file.c.media_type.in_(_IMAGE_TYPES))
    op.execute(
        file.update()
        .where(described)
        .values(described_by="image 1", picture_version=sa.case((has_size, 1)))
    )


def downgrade() -> None:
    with op.batch_alter_table("component_file_properties", schema=None) as batch_op:
        batch_op.drop_column("picture_version")
        batch_op.drop_column("described_by")
