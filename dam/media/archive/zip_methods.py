"""Unpacking of the members of zip files, by the number of the method that packed them."""

import bz2
import lzma
import struct
import sys
import zlib
from collections.abc import Callable

from dam.errors import MemberUnreadableError, MissingUnpackerError, raise_host_limit
from dam.media.archive.unpackers import EXTRA

_LZMA_PROPERTIES = struct.Struct("<HHBL")
_MOST_MEMORY_BYTES = 256 << 20
_CHUNK_BYTES = 4096  # a library that has no limit of its own unpacks at most a few MB of it
_LARGEST_WINDOW = 27  # 128 MiB, as a power of 2
_OF_EXTRA = {9: "Deflate64", 20: "Zstandard", 93: "Zstandard", 98: "PPMd"}
_CORRUPT = (zlib.error, OSError, ValueError, EOFError, lzma.LZMAError, struct.error)


def unpacked(name: str, method: int, packed: bytes, size_bytes: int) -> bytes:
    """Return a member's unpacked bytes, at most one more than it should have.

    Args:
        name: The member's name, for errors.
        method: The number of the method in the zip file.
        packed: The packed bytes.
        size_bytes: The size that the archive declares.

    Raises:
        MemberUnreadableError: The bytes are corrupt, or no decoder for the method exists.
        MissingUnpackerError: The decoder comes with the extra `comics`, which is not installed.
    """
    unpack = _UNPACKERS.get(method)
    if unpack is None:
        raise MemberUnreadableError(
            name, f"it is packed by method {method}, which is not supported"
        )
    try:
        return unpack(packed, size_bytes + 1)
    except ModuleNotFoundError as error:
        raise MissingUnpackerError(f"cbz ({_OF_EXTRA[method]})", EXTRA) from error
    except _CORRUPT as error:
        raise_host_limit(error)
        raise MemberUnreadableError(name, "its packed bytes are corrupt") from error


def _stored(packed: bytes, _: int) -> bytes:
    return packed


def _deflate(packed: bytes, limit: int) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit)


def _deflate64(packed: bytes, limit: int) -> bytes:
    import inflate64  # noqa: PLC0415 - of the extra `comics`

    unpacker = inflate64.Inflater()
    content = bytearray()
    for start in range(0, len(packed), _CHUNK_BYTES):
        if unpacker.eof or len(content) >= limit:
            break
        content += unpacker.inflate(packed[start : start + _CHUNK_BYTES])
    return bytes(content[:limit])


def _bzip2(packed: bytes, limit: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(packed, limit)


def _lzma(packed: bytes, limit: int) -> bytes:
    _, properties_bytes, properties, dictionary_bytes = _LZMA_PROPERTIES.unpack_from(packed)
    rest, lc = divmod(properties, 9)
    pb, lp = divmod(rest, 5)
    filters = {"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb}
    # Unpacking never refers farther back than the size of the result.
    filters["dict_size"] = max(4096, min(dictionary_bytes, limit))
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters])
    return unpacker.decompress(packed[4 + properties_bytes :], limit)


def _xz(packed: bytes, limit: int) -> bytes:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY_BYTES)
    return unpacker.decompress(packed, limit)


def _zstandard(packed: bytes, limit: int) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - as below
    else:
        from backports import zstd  # noqa: PLC0415 - of the extra `comics`

    content = b""
    while packed and len(content) < limit:  # several frames, if several threads packed them
        options = {int(zstd.DecompressionParameter.window_log_max): _LARGEST_WINDOW}
        unpacker = zstd.ZstdDecompressor(options=options)
        try:
            content += unpacker.decompress(packed, limit - len(content))
        except zstd.ZstdError as error:
            raise ValueError(str(error)) from error
        packed = unpacker.unused_data
    return content


def _ppmd(packed: bytes, limit: int) -> bytes:
    import pyppmd  # noqa: PLC0415 - of the extra `comics`

    (parameters,) = struct.unpack_from("<H", packed)
    order, megabytes = (parameters & 15) + 1, (parameters >> 4 & 255) + 1
    restoring = parameters >> 12
    if restoring not in (pyppmd.PPMD8_RESTORE_METHOD_RESTART, pyppmd.PPMD8_RESTORE_METHOD_CUT_OFF):
        raise ValueError(f"unknown way {restoring} to restore the model")
    unpacker = pyppmd.Ppmd8Decoder(order, megabytes << 20, restoring)
    return bytes(unpacker.decode(packed[2:], limit))


_UNPACKERS: dict[int, Callable[[bytes, int], bytes]] = {
    0: _stored,
    8: _deflate,
    9: _deflate64,
    12: _bzip2,
    14: _lzma,
    20: _zstandard,
    93: _zstandard,
    95: _xz,
    98: _ppmd,
}
