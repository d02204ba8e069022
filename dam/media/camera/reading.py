"""Reads the metadata of a picture from an open file; the entry to this room."""

from collections.abc import Callable
from typing import BinaryIO

from dam.media.camera.blocks import MOST_DOCUMENTS, Blocks
from dam.media.camera.boxes import box_blocks
from dam.media.camera.chunks import gif_blocks, png_blocks, psd_blocks, webp_blocks
from dam.media.camera.exif import read_exif, read_part
from dam.media.camera.facts import facts_of
from dam.media.camera.iptc import read_iptc
from dam.media.camera.jpeg import jpeg_blocks
from dam.media.camera.raw import fujifilm_blocks, minolta_blocks, sigma_blocks
from dam.media.camera.values import CameraFacts, Groups
from dam.media.camera.xmp import read_xmp
from dam.media.limits import MediaLimits
from dam.media.structure.source import ByteSource

_MOST_BYTES = 32 << 20
_MOST_BLOCKS = 20


def _tiff_blocks(source: ByteSource) -> Blocks:
    return Blocks(exif=[source])


_CONTAINERS: tuple[tuple[int, bytes, Callable[[ByteSource], Blocks]], ...] = (
    (0, b"\xff\xd8", jpeg_blocks),
    (0, b"II", _tiff_blocks),
    (0, b"MM", _tiff_blocks),
    (0, b"\x89PNG", png_blocks),
    (0, b"\x8bJNG", png_blocks),
    (0, b"\x8aMNG", png_blocks),
    (8, b"WEBP", webp_blocks),
    (4, b"ftyp", box_blocks),
    (4, b"jP  ", box_blocks),
    (4, b"JXL ", box_blocks),
    (0, b"8BPS", psd_blocks),
    (0, b"GIF8", gif_blocks),
    (0, b"FUJIFILMCCD-RAW", fujifilm_blocks),
    (0, b"\0MRM", minolta_blocks),
    (0, b"FOVb", sigma_blocks),
)
"""Where each container has its magic number, and what finds the blocks in it."""


def read_camera_facts(file: BinaryIO, limits: MediaLimits) -> CameraFacts:
    """Return what the metadata of a picture says; nothing of a file without any.

    No pixel is read, and the file need not be one that can be decoded. What cannot be read of the
    metadata is left out: no content of a file is an error. The time is linear to its size.

    Args:
        file: Open in binary mode and seekable; its position is not kept.
        limits: What a file may demand at most.

    Raises:
        OSError: The file cannot be read.
    """
    groups = read_groups(file, limits)
    return facts_of(groups) if groups else CameraFacts()


def read_groups(file: BinaryIO, limits: MediaLimits) -> Groups:
    """Return the tags of the metadata of a picture, by group; see `read_camera_facts`."""
    source = ByteSource(file, min(_MOST_BYTES, limits.max_metadata_bytes))
    blocks = _blocks(source)
    groups: Groups = {}
    for group, part in blocks.parts.items():
        read_part(part, group, groups)
    xmp, iptc, pending = [*blocks.xmp], [*blocks.iptc], [*blocks.exif]
    for _ in range(_MOST_BLOCKS):
        if not pending:
            break
        inner = read_exif(pending.pop(0), groups)
        pending += inner.exif
        xmp += inner.xmp
        iptc += inner.iptc
    for block in iptc[:_MOST_BLOCKS]:
        read_iptc(block, groups)
    for block in xmp[:MOST_DOCUMENTS]:
        read_xmp(block, groups, limits)
    for group, tags in blocks.groups.items():
        groups.setdefault(group, {}).update(tags)
    return groups


def _blocks(source: ByteSource) -> Blocks:
    head = source.read(0, 64)
    for at, magic, find in _CONTAINERS:
        if head.startswith(magic, at):
            return find(source)
    return Blocks()
