"""The MD5 of an asset, by which other catalogues know the file."""

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component


class ContentHashMD5Component(Component, kw_only=True):
    """The MD5 of the content, 16 bytes; only if `DAM_EXTRA_DIGESTS` asks for it."""

    __tablename__ = "component_content_hash_md5"

    digest: Mapped[bytes] = mapped_column(index=True)
