"""OpenRaster and Krita: the merged picture in a ZIP, and hostile ZIPs."""

import io
import struct
import zipfile
from dataclasses import replace

import pytest

from dam.errors import MediaLimitError, NoDecoderError, UnreadablePictureError
from dam.media.image.entry import describe_image, small_picture
from dam.media.limits import MediaLimits
from tests.media.drawing import landscape

ORA = "image/openraster"
LIMITS = MediaLimits()


def png() -> bytes:
    content = io.BytesIO()
    landscape((64, 48)).save(content, "PNG")
    return content.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(("media_type", "name"), [(ORA, "ORA"), ("application/x-krita", "KRA")])
def test_the_merged_picture_is_described_and_drawn(media_type: str, name: str, method: int) -> None:
    content = zipped({"mimetype": media_type.encode(), "mergedimage.png": png()}, method)
    found = describe_image(io.BytesIO(content), media_type=media_type)
    assert (found.format, found.width_px, found.height_px) == (name, 64, 48)
    assert small_picture(io.BytesIO(content), media_type=media_type).size == (64, 48)


def test_a_file_without_a_merged_picture_has_no_decoder() -> None:
    with pytest.raises(NoDecoderError, match="without a merged one"):
        describe_image(io.BytesIO(zipped({"stack.xml": b""})), media_type=ORA)


def test_a_file_of_very_many_members_is_refused_before_they_are_read() -> None:
    content = zipped({str(number): b"" for number in range(30)})
    with pytest.raises(MediaLimitError):
        describe_image(io.BytesIO(content), replace(LIMITS, max_archive_members=20), ORA)


def test_a_merged_picture_that_is_too_large_is_refused() -> None:
    content = zipped({"mergedimage.png": bytes(1 << 20)})
    with pytest.raises(MediaLimitError):
        describe_image(io.BytesIO(content), replace(LIMITS, max_member_bytes=1 << 19), ORA)


def test_a_merged_picture_that_unpacks_to_more_than_it_says_is_refused() -> None:
    content = bytearray(zipped({"mergedimage.png": bytes(1 << 20)}))
    for mark, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<L", content, content.index(mark) + at, 1 << 10)
    with pytest.raises(UnreadablePictureError, match="archive is damaged"):
        describe_image(io.BytesIO(content), media_type=ORA)


def test_a_file_that_ends_too_early_is_damaged() -> None:
    content = zipped({"mergedimage.png": png()})
    for length in range(0, len(content), len(content) // 10):
        with pytest.raises(UnreadablePictureError, match="archive is damaged"):
            describe_image(io.BytesIO(content[:length]), media_type=ORA)
