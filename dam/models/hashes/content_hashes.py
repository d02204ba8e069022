"""The digests that an asset's content can have: the one table that all else reads."""

from dam.models.hashes.content_hash_md5_component import ContentHashMD5Component
from dam.models.hashes.content_hash_sha1_component import ContentHashSHA1Component
from dam.models.hashes.content_hash_sha256_component import ContentHashSHA256Component

ContentHash = ContentHashSHA256Component | ContentHashSHA1Component | ContentHashMD5Component
"""A component with the `digest` of the content, as bytes."""

CONTENT_HASHES: dict[str, type[ContentHash]] = {
    "sha256": ContentHashSHA256Component,
    "sha1": ContentHashSHA1Component,
    "md5": ContentHashMD5Component,
}
"""Components by the name that `hashlib` has for the digest.

Every asset has the first, its identity; `DAM_EXTRA_DIGESTS` names those that are computed as well.
"""
