"""The SHA-1 of an asset, by which other catalogues know the file."""

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component


class ContentHashSHA1Component(Component, kw_only=True):
    """The SHA-1 of the content, 20 bytes; only if `DAM_EXTRA_DIGESTS` asks for it."""

    __tablename__ = "component_content_hash_sha1"

    digest: Mapped[bytes] = mapped_column(index=True)
