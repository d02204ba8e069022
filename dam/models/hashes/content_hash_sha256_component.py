"""The identity of an asset."""

from dam.core.ecs.components import IdentityComponent


class ContentHashSHA256Component(IdentityComponent, kw_only=True):
    """The SHA-256 of the content, 32 bytes: one entity a content in a world."""

    __tablename__ = "component_content_hash_sha256"
