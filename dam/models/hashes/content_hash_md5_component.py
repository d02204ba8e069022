"""The MD5 that other catalogues know a file by."""

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Component


class ContentHashMD5Component(Component, kw_only=True):
    """The MD5 of the content, 16 bytes; only where `DAM_EXTRA_DIGESTS` asks for it."""

    __tablename__ = "component_content_hash_md5"

    digest: Mapped[bytes] = mapped_column(index=True)
