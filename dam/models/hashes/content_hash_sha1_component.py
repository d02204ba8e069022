"""The SHA-1 that other catalogues know a file by."""

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component


class ContentHashSHA1Component(Component, kw_only=True):
    """The SHA-1 of the content, 20 bytes; only where `DAM_EXTRA_DIGESTS` asks for it."""

    __tablename__ = "component_content_hash_sha1"

    digest: Mapped[bytes] = mapped_column(index=True)
