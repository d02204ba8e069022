"""A JPEG with a seal: it shows whose picture it is, and that no bit of it is another since."""

import hashlib

_START, _COMMENT = b"\xff\xd8", b"\xff\xfe"
_SEAL_BYTES = 32
_HEAD = _START + _COMMENT + (2 + _SEAL_BYTES).to_bytes(2, "big")


def sealed(jpeg: bytes, owner: bytes) -> bytes:
    """Return a JPEG with a comment that holds the digest of `owner` and of all its own bytes."""
    return _HEAD + hashlib.sha256(owner + jpeg).digest() + jpeg.removeprefix(_START)


def has_seal(content: bytes, owner: bytes) -> bool:
    """Return whether this is what `sealed` made for this owner."""
    return content == sealed(_START + content[len(_HEAD) + _SEAL_BYTES :], owner)
