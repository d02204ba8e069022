"""Sealed JPEGs: the seal shows to which picture a thumbnail belongs, and that it is unchanged.

The seal is a comment in the JPEG.
"""

import hashlib

_START, _COMMENT = b"\xff\xd8", b"\xff\xfe"
_SEAL_BYTES = 32
_HEAD = _START + _COMMENT + (2 + _SEAL_BYTES).to_bytes(2, "big")


def sealed(jpeg: bytes, picture_digest: bytes) -> bytes:
    """Return a thumbnail with a seal: a digest of `picture_digest` and of the thumbnail's bytes.

    Args:
        jpeg: The thumbnail.
        picture_digest: The SHA-256 of the picture that it shows.
    """
    return _HEAD + hashlib.sha256(picture_digest + jpeg).digest() + jpeg.removeprefix(_START)


def has_seal(content: bytes, picture_digest: bytes) -> bool:
    """Tell whether `sealed` made these bytes for this picture, and none of them has changed."""
    return content == sealed(_START + content[len(_HEAD) + _SEAL_BYTES :], picture_digest)
