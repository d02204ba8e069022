"""The SHA-256 of an asset, which identifies it."""

from dam.core.ecs.components import IdentityComponent


class ContentHashSHA256Component(IdentityComponent, kw_only=True):
    """The SHA-256 of the content, 32 bytes. In a world, each content has exactly one entity."""

    __tablename__ = "component_content_hash_sha256"
