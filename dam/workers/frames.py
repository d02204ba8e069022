"""Frames: what a worker and its parent send each other, eight bytes of length before each."""

HEADER_BYTES = 8
"""The size of a frame's header: the length of the rest."""


def framed(payload: bytes) -> bytes:
    """Return a frame with this payload."""
    return len(payload).to_bytes(HEADER_BYTES) + payload
