"""The length of MPEG sound as its first frame states it, by a Xing, Info or VBRI header.

FFmpeg leaves out the silence at both ends that the encoder added; the header counts it, as programs
do that show lengths.
"""

from typing import BinaryIO

_SEARCHED_BYTES = 128 << 10
_SAMPLE_RATES = (44_100, 48_000, 32_000)
_FIRST_VERSION, _RESERVED_VERSION = 3, 1
_LAYER_III = 1
_MONO = 3
_FREE_RATE, _BAD_RATE = 0, 15
_HAS_FRAMES = 1


def stated_duration_s(file: BinaryIO) -> float | None:
    """Return the length of MPEG layer III sound in seconds as its header states it, or None."""
    head = _after_tags(file)
    at = head.find(b"\xff")
    while 0 <= at <= len(head) - 4:
        if header := _header(head, at):
            return _duration(head, at, *header)
        at = head.find(b"\xff", at + 1)
    return None


def _after_tags(file: BinaryIO) -> bytes:
    """Return the beginning of the sound, which stands after the ID3 tags."""
    at = 0
    while True:
        file.seek(at)
        tag = file.read(10)
        if len(tag) < 10 or tag[:3] != b"ID3":  # noqa: PLR2004 - the size of a tag's header
            file.seek(at)
            return file.read(_SEARCHED_BYTES)
        size = 0
        for byte in tag[6:]:
            size = size << 7 | byte & 0x7F
        at += 10 + size


def _header(head: bytes, at: int) -> tuple[int, bool, int] | None:
    """Return the version, whether it is mono, and the sample rate that a frame's header says."""
    second, third, fourth = head[at + 1 : at + 4]
    version, layer = second >> 3 & 3, second >> 1 & 3
    bit_rate, rate = third >> 4, third >> 2 & 3
    is_frame = second & 0xE0 == 0xE0 and version != _RESERVED_VERSION and layer == _LAYER_III  # noqa: PLR2004
    if not is_frame or bit_rate in (_FREE_RATE, _BAD_RATE) or rate >= len(_SAMPLE_RATES):
        return None
    halved = {_FIRST_VERSION: 0, 2: 1, 0: 2}[version]
    return version, fourth >> 6 == _MONO, _SAMPLE_RATES[rate] >> halved


def _duration(head: bytes, at: int, version: int, is_mono: bool, rate: int) -> float | None:  # noqa: FBT001
    """Return the length that the first frame states."""
    is_first = version == _FIRST_VERSION
    side = (17 if is_mono else 32) if is_first else (9 if is_mono else 17)
    samples = 1152 if is_first else 576
    xing, vbri = at + 4 + side, at + 36
    frames = 0
    if head[xing : xing + 4] in (b"Xing", b"Info") and head[xing + 7 : xing + 8] != b"":
        if head[xing + 7] & _HAS_FRAMES:
            frames = int.from_bytes(head[xing + 8 : xing + 12], "big")
    elif head[vbri : vbri + 4] == b"VBRI":
        frames = int.from_bytes(head[vbri + 14 : vbri + 18], "big")
    return frames * samples / rate if frames else None
