"""Members of zip files that are packed by newer methods, as 7-Zip and Windows use them."""

import lzma
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import inflate64
import pyppmd
import pytest

from dam.errors import MissingUnpackerError
from dam.media.archive.opening import open_archive
from dam.media.comic.members import pages_of
from tests.media.archive.test_faults import outcomes, saved
from tests.media.archive_files import raw_zip

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CONTENT = b"a picture " * 10_000


def deflate64(content: bytes) -> bytes:
    packer = inflate64.Deflater()
    return bytes(packer.deflate(content) + packer.flush())


def in_frames(content: bytes) -> bytes:
    return zstd.compress(content[:1000]) + zstd.compress(content[1000:])


def ppmd(content: bytes) -> bytes:
    order, megabytes, restart = 6, 4, 0
    packer = pyppmd.Ppmd8Encoder(order, megabytes << 20, restart)
    parameters = order - 1 | megabytes - 1 << 4 | restart << 12
    return struct.pack("<H", parameters) + bytes(packer.encode(content) + packer.flush())


METHODS: list[tuple[int, Callable[[bytes], bytes]]] = [
    (9, deflate64),
    (20, zstd.compress),
    (93, in_frames),
    (95, lzma.compress),
    (98, ppmd),
]
every_method = pytest.mark.parametrize(("method", "pack"), METHODS)


def archive(folder: Path, method: int, packed: bytes, size_bytes: int) -> Path:
    crc = zlib.crc32(CONTENT)
    return saved(folder, raw_zip([(b"1.jpg", packed)], method=method, size=size_bytes, crc=crc))


@every_method
def test_a_member_is_unpacked(method: int, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = archive(tmp_path, method, pack(CONTENT), len(CONTENT))
    assert outcomes(path) == {"1.jpg": CONTENT}


@every_method
def test_a_member_larger_than_it_declares_is_cut_off(
    method: int, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = archive(tmp_path, method, pack(CONTENT), 100)
    assert outcomes(path) == {
        "1.jpg": "unreadable member '1.jpg': its size differs from the one in the directory"
    }


@every_method
def test_corrupt_bytes_are_named(
    method: int, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = archive(tmp_path, method, b"\xff\xff" + pack(CONTENT)[2:], len(CONTENT))
    assert outcomes(path) == {"1.jpg": "unreadable member '1.jpg': its packed bytes are corrupt"}


@pytest.mark.parametrize(("method", "module"), [(9, "inflate64"), (93, "backports.zstd")])
def test_a_decoder_that_is_not_installed_is_named(
    method: int, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "compression.zstd" if method == 93 and sys.version_info >= (3, 14) else module
    monkeypatch.setitem(sys.modules, name, None)
    if "." in name:
        monkeypatch.delattr(name, raising=False)
    path = archive(tmp_path, method, b"packed", 100)
    with open_archive(path) as opened, pytest.raises(MissingUnpackerError) as caught:
        opened.read(pages_of(opened)[0])
    assert caught.value.hint == 'pip install "ecs-dam[comics]"'
