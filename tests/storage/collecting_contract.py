"""What every content store must do when garbage is collected from it."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from dam.errors import (
    ExitCode,
    ImportStoppedError,
    StoreInUseError,
    StoreSharedError,
)
from dam.storage.content_store import Collected, ContentStore, ImportMode
from tests.storage.stored import (
    DAY_S,
    FAR_FUTURE_S,
    OTHER_OWNER,
    OWNER,
    STORING_MODES,
    sha256,
    write,
)


class CollectingContract:
    """The promises of `ContentStore.collect`, whatever keeps the bytes."""

    def test_collecting_removes_what_is_old_and_not_referred_to(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        kept = store.put(write(tmp_path / "a", b"kept"), "copy")
        store.put(write(tmp_path / "b", b"orphan"), "copy")
        asked: list[bytes] = []

        def is_referenced(digests: Sequence[bytes]) -> set[bytes]:
            asked.extend(digests)
            return {kept.sha256}

        planned = store.collect(
            is_referenced, owner=OWNER, older_than_s=DAY_S, now_s=FAR_FUTURE_S, is_dry_run=True
        )
        assert planned == Collected(removed=1, freed_bytes=6)
        assert len(list(store.entries())) == 2

        assert planned == store.collect(
            is_referenced, owner=OWNER, older_than_s=DAY_S, now_s=FAR_FUTURE_S
        )
        assert [entry.sha256 for entry in store.entries()] == [kept.sha256]
        assert asked == sorted([kept.sha256, sha256(b"orphan")]) * 2

    @pytest.mark.parametrize("mode", STORING_MODES)
    def test_what_was_put_again_counts_as_young(
        self, store: ContentStore, tmp_path: Path, mode: ImportMode
    ) -> None:
        store.put(write(tmp_path / "a", b"x"), mode)
        first = next(store.entries()).renewed_at_s
        stored = store.put(write(tmp_path / "b", b"x"), mode)
        renewed = next(store.entries()).renewed_at_s

        store.collect(lambda _: set(), owner=OWNER, older_than_s=DAY_S, now_s=renewed + DAY_S)

        assert renewed >= first
        assert store.contains(stored.sha256)

    @pytest.mark.parametrize("mode", STORING_MODES)
    def test_an_old_file_that_was_just_put_is_young(
        self, store: ContentStore, tmp_path: Path, mode: ImportMode
    ) -> None:
        path = write(tmp_path / "a", b"x")
        os.utime(path, (0, 0))
        stored = store.put(path, mode)

        store.collect(lambda _: set(), owner=OWNER, older_than_s=DAY_S, now_s=time.time())

        assert store.contains(stored.sha256)

    def test_collecting_from_a_store_never_made_finds_nothing(self, store: ContentStore) -> None:
        collected = store.collect(lambda _: set(), owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S)

        assert collected == Collected(removed=0, freed_bytes=0)

    def test_collecting_while_somebody_imports_is_refused(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        with store.importing(OWNER), store.importing(OWNER):
            stored = store.put(write(tmp_path / "a", b"x"), "copy")
            with pytest.raises(StoreInUseError) as caught:
                store.collect(lambda _: set(), owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S)
        assert caught.value.message.endswith(" is in use by an import")
        assert caught.value.hint == "try again when it is done"
        assert store.contains(stored.sha256)

        store.collect(lambda _: set(), owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S)
        assert not store.contains(stored.sha256)

    def test_collecting_where_another_world_has_imported_is_refused(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        with store.importing(OTHER_OWNER), store.importing(OWNER):
            stored = store.put(write(tmp_path / "a", b"x"), "copy")

        with pytest.raises(StoreSharedError) as caught:
            store.collect(lambda _: set(), owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S)

        assert caught.value.message.endswith(
            " also holds files of sqlite:////scans.db; expected those of sqlite:////photos.db alone"
        )
        assert caught.value.hint == (
            "give each world its own DAM_ASSET_STORAGE_PATH; run `dam-cli gc --force` "
            "if the other database is gone for good, or is this one under a former name"
        )
        assert caught.value.exit_code is ExitCode.ENVIRONMENT
        assert store.contains(stored.sha256)

    def test_an_owner_that_is_forgotten_hinders_no_collection(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        store.forget_owner(OTHER_OWNER.uuid)
        with store.importing(OTHER_OWNER):
            store.put(write(tmp_path / "a", b"x"), "copy")

        store.forget_owner(OTHER_OWNER.uuid)

        collected = store.collect(lambda _: set(), owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S)
        assert collected == Collected(removed=1, freed_bytes=1)

    def test_a_forced_collection_forgets_the_other_owners_unless_it_is_a_plan(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        with store.importing(OTHER_OWNER):
            store.put(write(tmp_path / "a", b"x"), "copy")

        def collect(*, is_forced: bool, is_dry_run: bool = False) -> Collected:
            return store.collect(
                lambda _: set(),
                owner=OWNER,
                older_than_s=0,
                now_s=FAR_FUTURE_S,
                is_forced=is_forced,
                is_dry_run=is_dry_run,
            )

        assert collect(is_forced=True, is_dry_run=True) == Collected(removed=1, freed_bytes=1)
        with pytest.raises(StoreSharedError):
            collect(is_forced=False)
        assert collect(is_forced=True) == Collected(removed=1, freed_bytes=1)
        assert collect(is_forced=False) == Collected(removed=0, freed_bytes=0)

    def test_importing_waits_for_a_collection_and_says_so(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        store.put(write(tmp_path / "a", b"x"), "copy")
        is_waiting = Event()

        def put_again() -> bool:
            with store.importing(OWNER, on_wait=is_waiting.set):
                return store.put(tmp_path / "a", "copy").is_new

        with ThreadPoolExecutor(1) as pool:
            importers: list[Future[bool]] = []

            def is_referenced(_: Sequence[bytes]) -> set[bytes]:
                importer = pool.submit(put_again)
                importers.append(importer)
                assert is_waiting.wait(timeout=30)
                with pytest.raises(TimeoutError):
                    importer.result(timeout=0.1)
                return set()

            store.collect(is_referenced, owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S)

            assert [importer.result() for importer in importers] == [True]

    def test_who_is_stopped_does_not_wait_for_a_collection(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        store.put(write(tmp_path / "a", b"x"), "copy")
        waited: list[str] = []

        def is_referenced(_: Sequence[bytes]) -> set[bytes]:
            importing = store.importing(
                OWNER, on_wait=partial(waited.append, "gc"), is_stopped=lambda: True
            )
            with pytest.raises(ImportStoppedError), importing:
                pass
            return set()

        store.collect(is_referenced, owner=OWNER, older_than_s=0, now_s=FAR_FUTURE_S)
        assert waited == ["gc"]
