"""A camera's RAW file without a preview: what its sensor saw, in the DNG format."""

import struct

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SIGNED_RATIONAL = 1, 2, 3, 4, 5, 10
_HEAD_BYTES, _FIELD_BYTES, _INLINE_BYTES = 8, 12, 4


def dng(width: int, height: int, red: int, green: int, blue: int) -> bytes:
    """Return a DNG of one colour, 16 bits a sample, red and green in its even rows.

    Args:
        width: Samples in a row, even.
        height: Rows, even.
        red: Value of the red samples; `green` and `blue` likewise.
        green: See `red`.
        blue: See `red`.

    Example:
        `dng(400, 300, 9000, 9000, 9000)` is grey.
    """
    even, odd = struct.pack("<2H", red, green), struct.pack("<2H", green, blue)
    samples = (even * (width // 2) + odd * (width // 2)) * (height // 2)
    unit = [each for at in range(9) for each in (int(at % 4 == 0), 1)]
    fields: dict[int, tuple[int, int, bytes]] = {
        254: (_LONG, 1, struct.pack("<L", 0)),
        256: (_LONG, 1, struct.pack("<L", width)),
        257: (_LONG, 1, struct.pack("<L", height)),
        258: (_SHORT, 1, struct.pack("<H", 16)),
        259: (_SHORT, 1, struct.pack("<H", 1)),  # not compressed
        262: (_SHORT, 1, struct.pack("<H", 32803)),  # a mosaic of colours
        271: (_ASCII, 4, b"Dam\0"),
        272: (_ASCII, 4, b"One\0"),
        273: (_LONG, 1, bytes(4)),  # where the samples are, told below
        277: (_SHORT, 1, struct.pack("<H", 1)),
        278: (_LONG, 1, struct.pack("<L", height)),
        279: (_LONG, 1, struct.pack("<L", len(samples))),
        33421: (_SHORT, 2, struct.pack("<2H", 2, 2)),
        33422: (_BYTE, 4, bytes((0, 1, 1, 2))),
        50706: (_BYTE, 4, bytes((1, 4, 0, 0))),
        50708: (_ASCII, 8, b"Dam One\0"),
        50721: (_SIGNED_RATIONAL, 9, struct.pack("<18l", *unit)),
        50728: (_RATIONAL, 3, struct.pack("<6L", 1, 1, 1, 1, 1, 1)),
    }
    extra_at = _HEAD_BYTES + 2 + _FIELD_BYTES * len(fields) + 4
    extra_bytes = sum(len(value) for *_, value in fields.values() if len(value) > _INLINE_BYTES)
    fields[273] = (_LONG, 1, struct.pack("<L", extra_at + extra_bytes))
    entries = extra = b""
    for tag, (kind, count, value) in fields.items():
        place = value.ljust(_INLINE_BYTES, b"\0")
        if len(value) > _INLINE_BYTES:
            place, extra = struct.pack("<L", extra_at + len(extra)), extra + value
        entries += struct.pack("<HHL", tag, kind, count) + place
    head = b"II*\0" + struct.pack("<LH", _HEAD_BYTES, len(fields))
    return head + entries + bytes(4) + extra + samples
