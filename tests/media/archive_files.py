"""Archives that the tests make: of each format, and as no honest program would write them."""

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from subprocess import DEVNULL, Popen

import py7zr
import pytest

from dam.media.archive import printing

Files = Mapping[str, bytes]
Writer = Callable[[Path, Files], Path]

PAGES: Files = {f"page {n}.jpg": bytes([n]) * (1000 * n) for n in (10, 2, 1)}
IN_ORDER = ["page 1.jpg", "page 2.jpg", "page 10.jpg"]
_PRINTED_BYTES = 10_000  # of the packed one, where a page has 4 KB


def write_zip(path: Path, files: Files, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: Files, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload] # modes are literals
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_7z(path: Path, files: Files, password: str | None = None) -> Path:
    with py7zr.SevenZipFile(path, "w", password=password) as archive:
        for name, content in files.items():
            archive.writestr(content, "name")
            archive.header.files_info.files[-1]["filename"] = name  # it refuses hostile ones
    return path


def write_7z_asking_for(path: Path, size: int, *, of_directory: bool = False) -> Path:
    """Write a 7z file that asks for a dictionary of a size in the format's own units.

    Args:
        path: The file.
        size: 34 stands for 512 MiB, 35 for 768 MiB, 36 for 1 GiB, 37 for 1.5 GiB.
        of_directory: The directory itself is packed so, not the member.
    """
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.set_encoded_header_mode(of_directory)
        archive.writestr(b"one", "1.jpg")
    content = bytearray(path.read_bytes())
    (offset,) = struct.unpack_from("<Q", content, 12)
    coder = content.index(b"\x21\x21\x01", 32 + offset)
    content[coder + 3] = size
    struct.pack_into("<L", content, 28, zlib.crc32(content[32 + offset :]))
    struct.pack_into("<L", content, 8, zlib.crc32(content[12:32]))
    path.write_bytes(content)
    return path


def write_rar(path: Path, files: Files, packing: int = 0) -> Path:
    """Write a RAR file of version 5, nothing packed, though `packing` may say so."""
    blocks = [_rar_block(1, b"\0")]
    blocks += [_rar_file(name, content, packing) for name, content in files.items()]
    blocks.append(_rar_block(5, b"\0"))
    path.write_bytes(b"Rar!\x1a\x07\x01\x00" + b"".join(blocks))
    return path


WRITERS: dict[str, Writer] = {
    "cbz": write_zip,
    "cbt": write_tar,
    "cb7": write_7z,
    "cbr": write_rar,
}


def raw_zip(entries: Iterable[bytes | tuple[bytes, bytes]], **changes: int) -> bytes:
    """Return a zip file made by hand, its members not packed.

    Args:
        entries: Names as bytes, with contents where these are not the names again.
        changes: Of the directory: `flags`, `method`, `size`, `crc`, `mode` (Unix's), `count`.
    """
    body, directory = b"", b""
    count = 0
    for entry in entries:
        name, content = entry if isinstance(entry, tuple) else (entry, entry)
        packed = content
        crc = changes.get("crc", zlib.crc32(content))
        size = changes.get("size", len(content))
        flags, method = changes.get("flags", 0), changes.get("method", 0)
        common = struct.pack(
            "<HHHHLLLHH", flags, method, 0, 0, crc, len(packed), size, len(name), 0
        )
        outside = struct.pack("<HHHLL", 0, 0, 0, changes.get("mode", 0) << 16, len(body))
        directory += b"PK\x01\x02" + struct.pack("<BBH", 20, 3, 20) + common + outside + name
        body += b"PK\x03\x04" + struct.pack("<H", 20) + common + name + packed
        count += 1
    counts = [changes.get("count", count)] * 2
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, *counts, len(directory), len(body), 0)
    return body + directory + end


def bomb(size_bytes: int) -> bytes:
    """Return a zip file with one page that is mostly air."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(1 << 20)
    packed = b"".join(packer.compress(piece) for _ in range(size_bytes >> 20)) + packer.flush()
    return raw_zip([(b"1.jpg", packed)], method=8, size=size_bytes)


def flipped(content: bytes, needle: bytes) -> bytes:
    """Return the content with one bit changed in the middle of what is found."""
    at = content.index(needle) + len(needle) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def xz_with_dictionary(content: bytes, dictionary_bytes: int) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": dictionary_bytes}]
    return lzma.compress(content, lzma.FORMAT_XZ, filters=filters)


def stop_program(folder: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """Let `unar` be the real one, but stop in the middle, once; it is not confined."""
    script = folder / "unar"
    script.write_text(
        f'#!/bin/sh\nmkdir "{folder}/stopped" 2>/dev/null || exec unar "$@"\n'
        f'unar "$@" | head -c {_PRINTED_BYTES}\n{end}\n'
    )
    script.chmod(0o755)

    def start(name: str, fd: int, _: int, output: int, __: int | None) -> Popen[bytes]:
        words = [str(script), *printing.PRINTING[name], f"/proc/self/fd/{fd}"]
        return Popen(words, stdin=DEVNULL, stdout=output, stderr=DEVNULL, pass_fds=[fd])

    monkeypatch.setattr(printing, "_start", start)


def _rar_file(name: str, content: bytes, packing: int) -> bytes:
    raw = name.encode()
    fields = [4, len(content), 0, zlib.crc32(content), packing, 1, len(raw)]
    body = b"".join(
        struct.pack("<L", field) if position == 3 else _vint(field)  # the checksum is not variable
        for position, field in enumerate(fields)
    )
    return _rar_block(2, body + raw, content)


def _rar_block(kind: int, fields: bytes, content: bytes = b"") -> bytes:
    flags = _vint(2) + _vint(len(content)) if content else _vint(0)
    header = _vint(kind) + flags + fields
    sized = _vint(len(header)) + header
    return struct.pack("<L", zlib.crc32(sized)) + sized + content


def _vint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | 0x80 if value else low)
        if not value:
            return bytes(out)
