"""A collection takes away what killed imports left, and the folders in which nothing is."""

import os
import threading
from pathlib import Path

import pytest

from dam.storage.content_store import Collected
from dam.storage.local.draft import Draft
from dam.storage.local.layout import remove_empty_shards
from dam.storage.local.store import LocalContentStore
from tests.storage.stored import DAY_S, FAR_FUTURE_S, OWNER, made_store, sha256, write


@pytest.fixture
def store(tmp_path: Path) -> LocalContentStore:
    return made_store(tmp_path / "store")


def collect(
    store: LocalContentStore, *, now_s: float = FAR_FUTURE_S, is_dry_run: bool = False
) -> Collected:
    return store.collect(
        lambda _: set(), owner=OWNER, older_than_s=DAY_S, now_s=now_s, is_dry_run=is_dry_run
    )


def test_what_killed_imports_left_is_counted_and_goes(
    store: LocalContentStore, tmp_path: Path
) -> None:
    dead, alive = Draft(store.root), Draft(store.root)
    for draft in (dead, alive):
        draft.write(memoryview(b"half"))
    os.close(dead.fd)  # as the kernel does with those of a killed process
    users = write(tmp_path / "a", b"a user's file")
    os.link(users, store.root / ".draft-0123456789abcdef")

    assert collect(store, is_dry_run=True) == Collected(removed=0, freed_bytes=4, drafts=2)
    assert dead.path.exists()
    assert collect(store) == Collected(removed=0, freed_bytes=4, drafts=2)
    assert [path.name for path in store.root.glob(".draft-*")] == [alive.path.name]
    assert users.exists()
    alive.close()


def test_folders_in_which_nothing_is_go(store: LocalContentStore, tmp_path: Path) -> None:
    digests = [store.put(write(tmp_path / name, name.encode()), "copy").sha256 for name in "abc"]
    (store.root / "ff" / "ee").mkdir(parents=True)
    (store.root / "my own" / "ab").mkdir(parents=True)

    assert collect(store, now_s=0, is_dry_run=True).removed == 0
    assert (store.root / "ff" / "ee").exists()
    assert collect(store, now_s=0).removed == 0
    assert not (store.root / "ff").exists()
    assert all(store.contains(digest) for digest in digests)

    assert collect(store).removed == 3
    assert list(store.root.glob("[0-9a-f][0-9a-f]")) == []
    assert (store.root / "my own" / "ab").exists()
    again = store.put(tmp_path / "a", "copy")
    assert again.is_new
    assert store.contains(sha256(b"a"))


def test_a_put_copes_with_folders_that_are_removed_meanwhile(
    store: LocalContentStore, tmp_path: Path
) -> None:
    paths = [write(tmp_path / str(number), b"%d" % number) for number in range(100)]
    is_over = threading.Event()

    def remove_again_and_again() -> None:
        while not is_over.is_set():
            remove_empty_shards(store.root)

    remover = threading.Thread(target=remove_again_and_again)
    remover.start()
    try:
        for path in paths:
            store.put(path, "copy")
    finally:
        is_over.set()
        remover.join()
    assert all(store.contains(sha256(b"%d" % number)) for number in range(100))
