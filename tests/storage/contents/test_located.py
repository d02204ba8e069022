"""Bytes of assets that lie in archives: read like any others, and sure to be the right ones."""

import errno
import hashlib
import os
import pickle
from pathlib import Path

import pytest

from dam.errors import (
    ContentMissingError,
    FileAccessError,
    ItemError,
    MemberDamagedError,
    MemberMissingError,
    ReferenceChangedError,
)
from dam.media.archive.opening import Archive
from dam.media.comic.members import pages_of
from dam.storage.content_store import ContentStore
from dam.storage.contents.checking import ExpectedContent, check_place
from dam.storage.contents.located import (
    ArchiveMember,
    LocatedContent,
    largest_bytes,
    local_file,
    member_path,
    own_bytes,
    paths_of,
    temporary_file,
)
from dam.storage.contents.open_archives import OpenArchives
from dam.storage.sources.reference import Reference
from tests.media.archive_files import PAGES, WRITERS, Writer, write_zip
from tests.storage.stored import made_store

PAGE = "page 2.jpg"
DIGEST = hashlib.sha256(PAGES[PAGE]).digest()


@pytest.fixture
def store(home: Path) -> ContentStore:
    return made_store(home / "store")


@pytest.fixture
def comic(home: Path) -> Path:
    return write_zip(home / "comic.cbz", PAGES)


def stored(store: ContentStore, path: Path) -> LocatedContent:
    return LocatedContent(digest=store.put(path, "copy").sha256, is_stored=True)


def referenced(path: Path) -> LocatedContent:
    status = path.stat()
    reference = Reference(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
    digest = hashlib.sha256(path.read_bytes()).digest()
    return LocatedContent(digest=digest, is_stored=False, references=(reference,))


def page_in(*containers: LocatedContent, digest: bytes = DIGEST) -> LocatedContent:
    members = tuple(
        ArchiveMember(container=container, raw_name=PAGE.encode(), size_bytes=2000)
        for container in containers
    )
    return LocatedContent(digest=digest, is_stored=False, members=members)


def read(
    store: ContentStore, content: LocatedContent, archives: OpenArchives | None = None
) -> bytes:
    with local_file(store, content, archives) as path:
        return path.read_bytes()


def test_a_page_is_as_large_as_itself_not_as_its_archive(store: ContentStore, comic: Path) -> None:
    """Else a picture in a large archive has hours to be decoded."""
    size_bytes = comic.stat().st_size
    page = page_in(stored(store, comic), referenced(comic))
    assert own_bytes(store, page) == 2000
    assert largest_bytes(store, page) == 2000 + size_bytes
    assert own_bytes(store, referenced(comic)) == own_bytes(store, stored(store, comic))
    assert own_bytes(store, referenced(comic)) == size_bytes
    assert own_bytes(store, LocatedContent(digest=DIGEST, is_stored=True)) == 0


def test_a_worker_may_open_all_places_of_a_content(store: ContentStore, comic: Path) -> None:
    container = stored(store, comic)
    kept = [str(store.local_path(container.digest)), *map(str, store.local_roots())]
    assert set(paths_of(store, page_in(container, referenced(comic)))) == {*kept, str(comic)}
    store.remove(container.digest)
    assert set(paths_of(store, container)) == set(kept)


@pytest.mark.parametrize("write", WRITERS.values())
def test_a_page_is_read_from_an_archive_of_any_format(
    store: ContentStore, home: Path, write: Writer
) -> None:
    page = page_in(stored(store, write(home / "a", PAGES)))
    assert read(store, page) == PAGES[PAGE]


def test_a_page_is_read_from_an_archive_in_place(store: ContentStore, comic: Path) -> None:
    assert read(store, page_in(referenced(comic))) == PAGES[PAGE]


def test_nothing_of_a_page_stays_behind(store: ContentStore, comic: Path) -> None:
    with local_file(store, page_in(referenced(comic))) as path:
        assert path.stat().st_size == len(PAGES[PAGE])
    assert not path.exists()


def test_bytes_of_their_own_are_preferred(store: ContentStore, home: Path) -> None:
    (home / "page").write_bytes(PAGES[PAGE])
    own = LocatedContent(digest=store.put(home / "page", "copy").sha256, is_stored=True)
    nowhere = LocatedContent(digest=bytes(32), is_stored=True)
    both = LocatedContent(digest=DIGEST, is_stored=True, members=page_in(nowhere).members)
    with local_file(store, both) as path:
        assert path.samefile(store.local_path(own.digest))


def test_where_the_own_bytes_are_lost_an_archive_serves(store: ContentStore, comic: Path) -> None:
    members = page_in(referenced(comic)).members
    assert (
        read(store, LocatedContent(digest=DIGEST, is_stored=True, members=members)) == (PAGES[PAGE])
    )


def test_where_one_archive_is_lost_another_serves(store: ContentStore, comic: Path) -> None:
    lost = LocatedContent(digest=bytes(32), is_stored=True)
    assert read(store, page_in(lost, referenced(comic))) == PAGES[PAGE]
    with pytest.raises(ContentMissingError):
        read(store, page_in(lost))


def test_an_archive_that_changed_since_added_is_not_read(store: ContentStore, comic: Path) -> None:
    page = page_in(referenced(comic))
    archives = OpenArchives()
    assert read(store, page, archives) == PAGES[PAGE]
    os.utime(comic, ns=(0, 0))
    assert read(store, page, archives) == PAGES[PAGE]
    with comic.open("ab") as file:
        file.write(b"more")
    with pytest.raises(ReferenceChangedError):
        read(store, page, archives)
    archives.close()


def test_other_bytes_than_those_imported_are_not_handed_out(
    store: ContentStore, comic: Path
) -> None:
    with pytest.raises(MemberDamagedError) as caught:
        read(store, page_in(referenced(comic), digest=bytes(32)))
    assert caught.value.message == f"the member 'page 2.jpg' does not match sha256:{'00' * 32}"


def test_a_member_that_is_gone_is_named(store: ContentStore, home: Path) -> None:
    with pytest.raises(MemberMissingError) as caught:
        read(store, page_in(referenced(write_zip(home / "a", {"1.jpg": b"one"}))))
    assert caught.value.message == "the archive has no member 'page 2.jpg'"


def test_an_archive_in_an_archive_is_not_opened(store: ContentStore, comic: Path) -> None:
    inner = LocatedContent(
        digest=DIGEST, is_stored=False, members=page_in(referenced(comic)).members
    )
    with pytest.raises(ItemError):
        read(store, page_in(inner))


def test_the_archive_last_read_from_stays_open(comic: Path, home: Path) -> None:
    other = write_zip(home / "other.cbz", PAGES)

    def opened(path: Path) -> Archive:
        with archives.open(path) as archive:
            return archive

    with OpenArchives() as archives:
        first = opened(comic)
        assert opened(comic) is first
        os.utime(comic, ns=(0, 0))
        second = opened(comic)
        assert second is not first
        opened(other)
        assert opened(comic) is not second


def test_an_archive_is_opened_anew_whose_bytes_were_changed_and_its_time_set_back(
    comic: Path,
) -> None:
    status = comic.stat()
    with OpenArchives() as archives:
        with archives.open(comic) as before:
            pass
        comic.write_bytes(comic.read_bytes())
        os.utime(comic, ns=(status.st_atime_ns, status.st_mtime_ns))
        with archives.open(comic) as after:
            assert after is not before


def test_a_fault_of_what_is_done_with_an_archive_is_not_taken_for_one_of_the_archive(
    comic: Path,
) -> None:
    full = OSError(errno.ENOSPC, "full")
    with pytest.raises(OSError, match="full"), OpenArchives() as archives, archives.open(comic):
        raise full
    with OpenArchives() as archives, pytest.raises(FileAccessError) as refused:
        archives.open(comic.with_name("none")).__enter__()
    assert refused.value.message == f"cannot read {comic.with_name('none')}: no such file"


def test_open_archives_travel_to_another_process_closed(comic: Path) -> None:
    with OpenArchives() as archives:
        before = pickle.dumps(archives)
        with archives.open(comic):
            assert pickle.dumps(archives) == before
        with pickle.loads(before) as there, there.open(comic) as archive:  # noqa: S301 - our own
            assert len(pages_of(archive)) == len(PAGES)


def test_people_see_the_archive_and_the_name_in_it(store: ContentStore, comic: Path) -> None:
    (member,) = page_in(referenced(comic)).members
    assert member_path(store, member) == comic / PAGE
    (member,) = page_in(LocatedContent(digest=bytes(32), is_stored=True)).members
    assert member_path(store, member) == Path(PAGE)


def test_a_temporary_file_has_the_bytes_while_it_is_there() -> None:
    with temporary_file(b"content") as path:
        assert path.read_bytes() == b"content"
    assert not path.exists()


@pytest.mark.parametrize("is_fast", [False, True])
def test_a_member_is_checked_where_it_lies(
    store: ContentStore,
    comic: Path,
    is_fast: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    (member,) = page_in(referenced(comic)).members
    place = ExpectedContent(digest=DIGEST, size_bytes=2000, member=member)
    archives = OpenArchives()
    comic.with_name("another").write_bytes(b"")
    states = [check_place(store, place, archives, is_fast=is_fast).state]
    os.utime(comic, ns=(0, 0))
    states.append(check_place(store, place, archives, is_fast=is_fast).state)
    with comic.open("ab") as file:
        file.write(b"more")
    states.append(check_place(store, place, archives, is_fast=is_fast).state)
    comic.unlink()
    states.append(check_place(store, place, archives, is_fast=is_fast).state)
    archives.close()
    assert states == ["ok", "ok", "damaged", "missing"]


def test_a_member_with_other_bytes_is_damaged_and_one_that_is_gone_is_missing(
    store: ContentStore, comic: Path, home: Path
) -> None:
    (member,) = page_in(referenced(comic)).members
    (gone,) = page_in(referenced(write_zip(home / "a", {"1.jpg": b"one"}))).members
    places = [
        ExpectedContent(digest=bytes(32), size_bytes=2000, member=member),
        ExpectedContent(digest=DIGEST, size_bytes=2000, member=gone),
    ]
    with OpenArchives() as archives:
        states = [check_place(store, place, archives, is_fast=False).state for place in places]
    assert states == ["damaged", "missing"]
