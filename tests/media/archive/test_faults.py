"""Hostile archives: each fault is named, for a member or for the whole, and costs nothing else."""

import contextlib
import io
import struct
import tarfile
import zipfile
import zlib
from functools import partial
from pathlib import Path

import py7zr
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dam.errors import DamError, ItemError
from dam.media.archive.opening import Archive, Member, open_archive
from dam.media.comic.members import pages_of
from dam.media.limits import MediaLimits
from tests.media.archive_files import (
    PAGES,
    WRITERS,
    Writer,
    bomb,
    flipped,
    raw_zip,
    write_7z,
    write_7z_asking_for,
    write_rar,
    write_tar,
    write_zip,
    xz_with_dictionary,
)


def outcome(archive: Archive, member: Member) -> bytes | str:
    try:
        return archive.read(member)
    except ItemError as error:
        return error.message


def outcomes(path: Path, limits: MediaLimits | None = None) -> dict[str, bytes | str]:
    """Return each page's bytes or fault."""
    with open_archive(path, limits or MediaLimits()) as archive:
        return {page.name: outcome(archive, page) for page in pages_of(archive)}


def refusal(path: Path, limits: MediaLimits | None = None) -> str:
    with pytest.raises(ItemError) as caught, open_archive(path, limits or MediaLimits()):
        pass
    return caught.value.message


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "a"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("write", WRITERS.values())
def test_names_that_lead_elsewhere_are_only_names(write: Writer, tmp_path: Path) -> None:
    files = {
        name: name.encode()
        for name in ("../../1.jpg", "/etc/2.jpg", "C:\\3.jpg", "-o.jpg", "*.jpg", "..\\4.jpg")
    }
    path = write(tmp_path / "deep", files)
    assert {str(content) for content in outcomes(path).values()} == set(map(str, files.values()))
    assert list(tmp_path.iterdir()) == [path]


def test_links_and_devices_of_tar_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a"
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    with tarfile.open(path, "w") as written:
        for number, kind in enumerate(kinds):
            info = tarfile.TarInfo(f"{number}.jpg")
            info.type, info.linkname = kind, "/etc/passwd"
            written.addfile(info)
        info = tarfile.TarInfo("9.jpg")
        info.size = 1
        written.addfile(info, io.BytesIO(b"9"))
    assert outcomes(path) == {
        "0.jpg": "the member '0.jpg' is a symbolic link, not a regular file",
        "1.jpg": "the member '1.jpg' is a hard link, not a regular file",
        "2.jpg": "the member '2.jpg' is a character device, not a regular file",
        "3.jpg": "the member '3.jpg' is a block device, not a regular file",
        "4.jpg": "the member '4.jpg' is a FIFO, not a regular file",
        "9.jpg": b"9",
    }


def test_a_link_in_a_zip_file_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path, raw_zip([(b"1.jpg", b"/etc/passwd")], mode=0o120777))
    assert outcomes(path) == {
        "1.jpg": "the member '1.jpg' is a symbolic link, not a regular file",
    }


def test_of_two_members_of_one_name_the_first_is_taken(tmp_path: Path) -> None:
    path = saved(tmp_path, raw_zip([(b"1.jpg", b"first"), (b"1.jpg", b"second")]))
    with open_archive(path) as archive:
        assert [outcome(archive, page) for page in pages_of(archive)] == [
            b"first",
            "the archive has more than one member '1.jpg'; the first is used",
        ]
        assert archive.read(archive.member(b"1.jpg")) == b"first"


@pytest.mark.slow
@pytest.mark.parametrize("write", WRITERS.values())
def test_ten_thousand_members_are_read(write: Writer, tmp_path: Path) -> None:
    path = write(tmp_path / "a", {f"{number}.jpg": b"." for number in range(10_000)})
    with open_archive(path) as archive:
        assert [page.name for page in pages_of(archive)[9_998:]] == ["9998.jpg", "9999.jpg"]
        assert archive.read(pages_of(archive)[-1]) == b"."


@pytest.mark.parametrize("write", WRITERS.values())
def test_more_members_than_the_limit_are_refused(write: Writer, tmp_path: Path) -> None:
    path = write(tmp_path / "a", {f"{number}.jpg": b"." for number in range(11)})
    limits = MediaLimits(max_archive_members=10)
    assert "archive members; at most 10 are accepted" in refusal(path, limits)


def test_a_million_members_are_refused_before_they_are_read(tmp_path: Path) -> None:
    records = raw_zip([b"1.jpg"])[40:91] * 1_000_000
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(records), 40, 0)
    path = saved(tmp_path, b"PK\x03\x04" + bytes(36) + records + end)
    assert refusal(path) == (
        "51,000,000 bytes of archive directory; at most 33,554,432 are accepted"
    )


def test_a_directory_longer_than_it_declares_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, raw_zip([b"%d.jpg" % number for number in range(11)], count=1))
    assert refusal(path, MediaLimits(max_archive_members=10)) == (
        "too many archive members; at most 10 are accepted"
    )


def test_a_large_directory_of_a_7z_file_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = write_7z(tmp_path / "a", {"1" * 500 + ".jpg": b"one"})
    message = refusal(path, MediaLimits(max_metadata_bytes=16_000))
    assert message.endswith(" bytes of archive directory; at most 1,000 are accepted")


_MIB = 1 << 20


@pytest.mark.parametrize("of_directory", [False, True])
@pytest.mark.parametrize(
    ("size", "dictionary_bytes"), [(35, 768 * _MIB), (36, 1024 * _MIB), (37, 1536 * _MIB)]
)
def test_a_7z_file_that_asks_for_much_memory_is_refused(
    tmp_path: Path, size: int, dictionary_bytes: int, *, of_directory: bool
) -> None:
    path = write_7z_asking_for(tmp_path / "a", size, of_directory=of_directory)
    assert refusal(path) == (
        f"{dictionary_bytes:,} bytes of dictionary; at most {512 * _MIB:,} are accepted"
    )


def test_a_7z_file_may_ask_for_as_much_as_is_accepted(tmp_path: Path) -> None:
    assert outcomes(write_7z_asking_for(tmp_path / "a", 34)) == {"1.jpg": b"one"}


@pytest.mark.parametrize(
    ("packing", "dictionary_bytes"),
    [
        (1 << 7 | 13 << 10, 1024 * _MIB),
        (1 << 7 | 15 << 10, 4096 * _MIB),
        (1 | 1 << 7 | 12 << 10 | 16 << 15, 768 * _MIB),  # of RAR 7
        (1 | 1 << 7 | 16 << 10, 8192 * _MIB),
    ],
)
def test_a_rar_file_that_asks_for_much_memory_is_refused(
    tmp_path: Path, packing: int, dictionary_bytes: int
) -> None:
    path = write_rar(tmp_path / "a", {"1.jpg": b"one"}, packing)
    assert refusal(path) == (
        f"{dictionary_bytes:,} bytes of dictionary; at most {512 * _MIB:,} are accepted"
    )


def test_what_a_rar_file_does_not_pack_needs_no_memory(tmp_path: Path) -> None:
    path = write_rar(tmp_path / "a", {"1.jpg": b"one"}, 15 << 10)
    assert outcomes(path) == {"1.jpg": b"one"}


def test_a_member_over_the_limit_fails_alone(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a", {"1.jpg": bytes(2000), "2.jpg": b"two"})
    assert outcomes(path, MediaLimits(max_member_bytes=1000)) == {
        "1.jpg": "2,000 bytes in the member '1.jpg'; at most 1,000 are accepted",
        "2.jpg": b"two",
    }


@pytest.mark.parametrize("write", WRITERS.values())
def test_an_archive_over_the_limit_is_refused(write: Writer, tmp_path: Path) -> None:
    path = write(tmp_path / "a", PAGES)
    assert refusal(path, MediaLimits(max_archive_bytes=12_999)) == (
        "13,000 bytes in the archive; at most 12,999 are accepted"
    )


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_packed_tar_file_is_not_unpacked_beyond_the_limit(mode: str, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a", {"1.jpg": bytes(3_000_000)}, mode)
    assert refusal(path, MediaLimits(max_archive_bytes=1_000_000)) == (
        "too many bytes in the archive; at most 1,000,000 are accepted"
    )


@pytest.mark.slow
def test_a_bomb_is_refused_for_its_ratio(tmp_path: Path) -> None:
    path = saved(tmp_path, bomb(257 << 20))
    assert refusal(path, MediaLimits(max_member_bytes=1 << 40)) == (
        "269,484,032 bytes in the archive; at most 268,435,456 are accepted"
    )


def test_a_member_larger_than_it_declares_is_cut_off(tmp_path: Path) -> None:
    packed = zlib.compress(bytes(10_000_000), wbits=-15)
    path = saved(tmp_path, raw_zip([(b"1.jpg", packed)], method=8, size=100))
    assert outcomes(path) == {
        "1.jpg": "unreadable member '1.jpg': its size differs from the one in the directory",
    }


def test_headers_that_ask_for_memory_are_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    assert refusal(saved(tmp_path, info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))) == (
        "1,099,511,627,776 bytes of a tar header; at most 1,048,576 are accepted"
    )
    tar = write_tar(tmp_path / "b", PAGES).read_bytes()
    packed = xz_with_dictionary(tar, 1 << 30)
    assert refusal(saved(tmp_path, packed)) == (
        "unreadable cbt archive: unpacking it needs more memory than is allowed"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"flags": 1}, "the member '1.jpg' is encrypted"),
        (
            {"method": 99},
            "unreadable member '1.jpg': it is packed by method 99, which is not supported",
        ),
        ({"method": 8}, "unreadable member '1.jpg': its packed bytes are corrupt"),
        ({"method": 12}, "unreadable member '1.jpg': its packed bytes are corrupt"),
        (
            {"method": 14},
            "unreadable member '1.jpg': its size differs from the one in the directory",
        ),
        ({"crc": 1}, "unreadable member '1.jpg': its checksum is wrong"),
    ],
)
def test_a_member_of_a_zip_file_that_cannot_be_read_is_named(
    changes: dict[str, int], message: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, raw_zip([(b"1.jpg", b"\xff content")], **changes))
    assert outcomes(path) == {"1.jpg": message}


def test_an_encrypted_7z_file_is_named(tmp_path: Path) -> None:
    path = write_7z(tmp_path / "a", {"1.jpg": b"one"}, "a password")
    assert outcomes(path) == {"1.jpg": "the member '1.jpg' is encrypted"}


@pytest.mark.parametrize("write", [write_rar, partial(write_zip, method=zipfile.ZIP_STORED)])
def test_a_wrong_checksum_costs_its_own_page_alone(write: Writer, tmp_path: Path) -> None:
    files = {f"{number}.jpg": bytes([number]) * 200 for number in range(5)}
    path = write(tmp_path / "a", files)
    path.write_bytes(flipped(path.read_bytes(), files["2.jpg"]))
    found = outcomes(path)
    assert str(found.pop("2.jpg")).startswith("unreadable member '2.jpg': ")
    assert found == {name: content for name, content in files.items() if name != "2.jpg"}


def test_a_wrong_checksum_in_a_solid_archive_costs_its_own_page_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files = {f"{number}.jpg": bytes([number]) * 200 for number in range(5)}
    with py7zr.SevenZipFile(path, "w", filters=[{"id": py7zr.FILTER_COPY}]) as written:
        for name, content in files.items():
            written.writestr(content, name)
    path.write_bytes(flipped(path.read_bytes(), files["2.jpg"]))
    found = outcomes(path)
    assert found.pop("2.jpg") == "unreadable member '2.jpg': its checksum is wrong"
    assert found == {name: content for name, content in files.items() if name != "2.jpg"}


@pytest.mark.parametrize("write", [write_tar, write_rar])
def test_of_a_truncated_archive_the_pages_before_the_cut_arrive(
    write: Writer, tmp_path: Path
) -> None:
    files = {f"{number}.jpg": bytes([number]) * 2000 for number in range(3)}
    content = write(tmp_path / "a", files).read_bytes()
    found = outcomes(saved(tmp_path, content[: content.index(files["2.jpg"]) + 700]))
    assert str(found.pop("2.jpg")).startswith("unreadable member '2.jpg': ")
    assert found == {"0.jpg": files["0.jpg"], "1.jpg": files["1.jpg"]}


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (write_zip, "unreadable cbz archive: its directory is missing, so it is truncated"),
        (write_7z, "unreadable cb7 archive: its directory is corrupt or cut off"),
    ],
)
def test_a_truncated_archive_without_its_directory_is_refused(
    write: Writer, message: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "a", PAGES)
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(path) == message


@pytest.mark.slow
@pytest.mark.parametrize("write", WRITERS.values())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damage_gives_bytes_or_a_named_fault(
    write: Writer, tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(write(tmp_path / "a", PAGES).read_bytes())
    places = st.floats(0, 1, exclude_max=True)  # one format's length depends on the time
    for _ in range(data.draw(st.integers(1, 4))):
        at = int(data.draw(places) * len(content))
        content[at] = data.draw(st.integers(0, 255))
    path = saved(tmp_path, bytes(content[: int(data.draw(places) * len(content)) or None]))
    with contextlib.suppress(DamError):
        outcomes(path)


def _negative(header: bytes) -> bytes:
    """Return a header of tar that declares a size of -1."""
    changed = header[:124] + b"\xff" * 12 + b" " * 8 + header[156:512]
    return changed[:148] + b"%06o\0 " % sum(changed) + changed[156:] + header[512:]


def _tar_headers() -> dict[str, bytes]:
    """Return headers that declare negative sizes: their own, of their name, of what follows."""
    plain = tarfile.TarInfo("1.jpg")
    long = tarfile.TarInfo("x" * 200).tobuf(tarfile.GNU_FORMAT)
    ahead = tarfile.TarInfo("1.jpg")
    ahead.pax_headers = {"size": "-512"}
    return {
        "own": _negative(plain.tobuf()),
        "name": _negative(long),
        "ahead": ahead.tobuf(tarfile.PAX_FORMAT),
    }


@pytest.mark.parametrize("name", ["own", "name", "ahead"])
def test_a_negative_size_in_a_tar_file_is_a_corrupt_header(name: str, tmp_path: Path) -> None:
    before = write_tar(tmp_path / "b", {"0.jpg": b"0"}).read_bytes()[:1024]
    path = saved(tmp_path, before + _tar_headers()[name] + bytes(1024))
    assert refusal(path) == "unreadable cbt archive: a header is corrupt or cut off"


@pytest.mark.parametrize("offset", [1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_a_member_that_lies_beyond_the_end_is_named(offset: int, tmp_path: Path) -> None:
    raw = raw_zip([(b"1.jpg", b"one")])
    start = raw.index(b"PK\x01\x02")
    extra = struct.pack("<HHQ", 1, 8, offset)
    fixed = raw[start : start + 30] + struct.pack("<H", len(extra)) + raw[start + 32 : start + 42]
    directory = fixed + b"\xff" * 4 + b"1.jpg" + extra
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), start, 0)
    path = saved(tmp_path, raw[:start] + directory + end)
    assert outcomes(path) == {
        "1.jpg": "unreadable member '1.jpg': its header is not where the directory says"
    }
