"""The public comics: every readable archive gives its pages in order, every other one a fault."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dam.errors import EncryptedArchiveError, ItemError
from dam.media.archive.opening import Archive, Member, open_archive
from dam.media.comic.members import pages_of
from tests.media.comic_facts import page_names

pytestmark = [pytest.mark.slow, pytest.mark.corpus]

_ENCRYPTED_WHOLE = {"rar3-comment-hpsw.rar", "rar5-hpsw.rar"}
_UNREADABLE = {
    # The program reads no members that were packed by RAR 1.5 together with such a comment.
    "rar15-comment.rar": {"FILE1.TXT"},
    "rar15-comment-lock.rar": {"FILE1.TXT"},
    **{
        name: {"vols/bigfile.txt"}
        for name in ("rar3-old.rar", "rar3-vols.part1.rar", "rar5-vols.part1.rar")
    },
    "rar5-hlink.rar": {"stest2.txt", "stest3.txt"},
    "rar3-symlink-unix.rar": {"data_link", "random_link"},
    "rar5-symlink-unix.rar": {"data_link", "random_link"},
    "rar5-symlink-win.rar": {
        f"links/{name}" for name in ("bad_link", "file_link", "dir_junction", "dir_link")
    },
    "rar5-evil-symlink-traversal.rar": {"up"},
    "rar5-psw.rar": {"stest1.txt", "stest2.txt"},
    "rar5-psw-blake.rar": {"stest1.txt", "stest2.txt"},
    "rar202-comment-psw.rar": {"FILE1.TXT", "FILE2.TXT"},
    "rar3-comment-psw.rar": {"file1.txt", "file2.txt"},
}


def listed(corpus: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield every archive of the comics with its pictures in order."""
    for listing in sorted((corpus / "comics").glob("*/listing.json")):
        for name, facts in json.loads(listing.read_text()).items():
            yield listing.parent / name, page_names(facts)


def test_every_archive_gives_its_pages_in_order_or_a_named_fault(corpus: Path) -> None:
    wrong, refused, unreadable = {}, set(), {}
    for path, expected in listed(corpus):
        try:
            with open_archive(path) as archive:
                if (found := [page.name for page in pages_of(archive)]) != expected:
                    wrong[path.name] = found
                if faults := {m.name for m in archive.members if not _is_read(archive, m)}:
                    unreadable[path.name] = faults
        except EncryptedArchiveError:
            refused.add(path.name)
    assert wrong == {}
    assert refused == _ENCRYPTED_WHOLE
    assert unreadable == _UNREADABLE


def _is_read(archive: Archive, member: Member) -> bool:
    try:
        return len(archive.read(member)) == member.size_bytes
    except ItemError:
        return False
