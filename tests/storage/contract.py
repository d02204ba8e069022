"""What every content store must do; a test class of each implementation inherits this."""

import hashlib
import os
import pickle
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dam.errors import (
    ContentMissingError,
    FileAccessError,
    ItemError,
    NotRegularFileError,
)
from dam.storage.content_store import ContentStore, ImportMode, StoredFile
from dam.storage.sources.reading import CHUNK_BYTES
from tests.storage.collecting_contract import CollectingContract
from tests.storage.stored import STORING_MODES, read, sha256, write

ALL_MODES: list[ImportMode] = ["copy", "hardlink", "move", "reference"]


class ContentStoreContract(CollectingContract):
    """The promises of `ContentStore`, whatever keeps the bytes."""

    def make_store(self, folder: Path) -> ContentStore:
        """Return the store under test; each implementation's test class says which."""
        raise NotImplementedError  # this class itself is not collected: it has no store

    @pytest.fixture
    def store(self, tmp_path: Path) -> ContentStore:
        return self.make_store(tmp_path / "store")

    @pytest.mark.slow
    @given(content=st.binary(max_size=4096))
    @example(content=b"")
    @example(content=bytes(CHUNK_BYTES - 1))
    @example(content=bytes(CHUNK_BYTES))
    @example(content=bytes(CHUNK_BYTES + 1))
    @example(content=bytes(range(256)) * (CHUNK_BYTES // 100))
    def test_what_was_put_is_what_one_gets(self, content: bytes) -> None:
        with TemporaryDirectory() as folder:
            store = self.make_store(Path(folder, "store"))

            stored = store.put(write(Path(folder, "a"), content), "copy")

            assert stored.sha256 == sha256(content)
            assert stored.size_bytes == store.size_of(stored.sha256) == len(content)
            assert read(store, stored.sha256) == content
            assert store.local_path(stored.sha256).read_bytes() == content
            assert store.check(stored.sha256, len(content)) == "ok"

    @pytest.mark.slow
    @given(contents=st.lists(st.binary(max_size=3), max_size=12))
    def test_any_order_and_any_number_of_times_gives_the_same_store(
        self, contents: list[bytes]
    ) -> None:
        with TemporaryDirectory() as folder:
            store = self.make_store(Path(folder, "store"))
            paths = [write(Path(folder, str(n)), content) for n, content in enumerate(contents)]

            first = store.put_many(paths, "copy")
            again = store.put_many(paths[::-1], "copy")

            entries = [entry.sha256 for entry in store.entries()]
            assert entries == sorted({sha256(content) for content in contents})
            assert sum(o.is_new for o in first if isinstance(o, StoredFile)) == len(entries)
            assert not any(o.is_new for o in again if isinstance(o, StoredFile))

    @pytest.mark.parametrize("mode", ALL_MODES)
    def test_every_mode_reports_what_was_read(
        self, store: ContentStore, tmp_path: Path, mode: ImportMode
    ) -> None:
        path = write(tmp_path / "a", b"bytes")
        status = path.stat()

        stored = store.put(path, mode, extra_digests=("md5", "sha1"))

        assert stored.sha256 == sha256(b"bytes")
        assert stored.extra_digests == {
            "md5": hashlib.md5(b"bytes", usedforsecurity=False).digest(),
            "sha1": hashlib.sha1(b"bytes", usedforsecurity=False).digest(),
        }
        assert (stored.reading.size_bytes, stored.reading.mtime_ns) == (5, status.st_mtime_ns)
        assert (stored.reading.device, stored.reading.inode) == (status.st_dev, status.st_ino)
        assert stored.is_new is store.contains(stored.sha256) is (mode != "reference")
        assert path.read_bytes() == b"bytes"
        assert path.stat().st_mode == stored.reading.mode == status.st_mode

    def test_many_files_give_outcomes_in_their_order(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        paths = [write(tmp_path / f"{n}", n.to_bytes(2, "big")) for n in range(70)]
        paths[40].unlink()

        outcomes = store.put_many(paths, "copy")

        failed = outcomes.pop(40)
        assert isinstance(failed, FileAccessError)
        expected = [sha256(n.to_bytes(2, "big")) for n in range(70) if n != 40]
        assert [o.sha256 for o in outcomes if isinstance(o, StoredFile)] == expected

    def test_the_same_bytes_twice_in_one_call_are_new_once(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        paths = [write(tmp_path / name, b"same") for name in "abc"]

        outcomes = store.put_many(paths, "copy")

        assert [o.is_new for o in outcomes if isinstance(o, StoredFile)] == [True, False, False]

    @pytest.mark.parametrize("mode", STORING_MODES)
    def test_many_threads_may_put_the_same_bytes(
        self, store: ContentStore, tmp_path: Path, mode: ImportMode
    ) -> None:
        paths = [write(tmp_path / f"{n}", b"same" * 1000) for n in range(16)]

        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda path: store.put(path, mode), paths))

        assert sum(outcome.is_new for outcome in outcomes) == 1
        assert [entry.sha256 for entry in store.entries()] == [sha256(b"same" * 1000)]

    def test_a_pickled_store_is_the_same_store(self, store: ContentStore, tmp_path: Path) -> None:
        stored = store.put(write(tmp_path / "a", b"x"), "copy")

        copied: ContentStore = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes

        assert read(copied, stored.sha256) == b"x"

    def test_what_is_not_there_is_one_clear_error(self, store: ContentStore) -> None:
        digest = sha256(b"never put")

        assert not store.contains(digest)
        assert store.check(digest, 9) == "missing"
        for look in (store.size_of, store.local_path):
            with pytest.raises(ContentMissingError) as caught:
                look(digest)
            assert caught.value.message == f"the store has no content sha256:{digest.hex()}"
            assert caught.value.hint == (
                "add a file with these bytes again with `add-asset --rehash`; "
                "`dam-cli verify` lists all missing files"
            )

    def test_a_size_that_differs_is_damage(self, store: ContentStore, tmp_path: Path) -> None:
        stored = store.put(write(tmp_path / "a", b"12345"), "copy")

        assert store.check(stored.sha256, 5, is_fast=True) == "ok"
        assert store.check(stored.sha256, 6, is_fast=True) == "damaged"
        assert store.check(stored.sha256, 6) == "damaged"

    def test_removed_bytes_are_gone_and_removing_again_is_fine(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        stored = store.put(write(tmp_path / "a", b"x"), "copy")

        store.remove(stored.sha256)
        store.remove(stored.sha256)

        assert not store.contains(stored.sha256)
        assert list(store.entries()) == []

    @pytest.mark.parametrize("mode", ALL_MODES)
    def test_what_is_no_regular_file_is_not_opened(
        self,
        store: ContentStore,
        special_file: tuple[Path, str],
        mode: ImportMode,
    ) -> None:
        path, kind = special_file

        with pytest.raises(NotRegularFileError) as caught:
            store.put(path, mode)

        assert caught.value.message == f"{path} is {kind}, not a regular file"

    @pytest.fixture(params=["a folder", "a FIFO", "a socket", "a character device"])
    def special_file(
        self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> tuple[Path, str]:
        kind: str = request.param
        path = tmp_path / "special"
        match kind:
            case "a folder":
                path.mkdir()
            case "a FIFO":
                os.mkfifo(path)
            case "a socket":
                monkeypatch.chdir(tmp_path)  # a socket's own address is short
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind("special")
            case _:
                path = Path("/dev/zero")
        return path, kind

    @pytest.mark.parametrize("mode", ALL_MODES)
    def test_names_of_any_bytes_are_fine(
        self, store: ContentStore, tmp_path: Path, mode: ImportMode
    ) -> None:
        names = [b"\xff\xfe.jpg", b"n" * 255, b"new\nline", b"-rf", "\u202egpj.exe".encode()]
        paths = [tmp_path / os.fsdecode(name) for name in names]

        for path in paths:
            assert store.put(write(path, b"x"), mode).size_bytes == 1

    def test_a_symbolic_link_is_followed_and_a_loop_is_an_error(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        target = write(tmp_path / "target", b"x")
        link, loop = tmp_path / "link", tmp_path / "loop"
        link.symlink_to(target)
        loop.symlink_to(loop)

        assert store.put(link, "hardlink").sha256 == sha256(b"x")
        with pytest.raises(FileAccessError) as caught:
            store.put(loop, "copy")
        assert caught.value.message == f"cannot read {loop}: too many symbolic links"

    def test_a_moved_file_stays(self, store: ContentStore, tmp_path: Path) -> None:
        path = write(tmp_path / "a", b"x" * (CHUNK_BYTES + 1))

        stored = store.put(path, "move")

        assert path.exists()
        assert store.check(stored.sha256, stored.size_bytes) == "ok"

    def test_bytes_are_whole_again_after_a_hard_linked_file_was_edited(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "a", b"first")
        stored = store.put(path, "hardlink")
        write(path, b"later")

        again = store.put(write(tmp_path / "b", b"first"), "copy")

        assert again.sha256 == stored.sha256
        assert read(store, stored.sha256) == b"first"
        assert path.read_bytes() == b"later"

    def test_a_bad_file_is_a_value_among_many(self, store: ContentStore, tmp_path: Path) -> None:
        good = write(tmp_path / "a", b"x")

        outcomes = store.put_many([tmp_path / "none", good, tmp_path], "copy")

        assert [isinstance(outcome, ItemError) for outcome in outcomes] == [True, False, True]
        assert str(outcomes[0]) == f"cannot read {tmp_path / 'none'}: no such file"
