"""Assets by the digest of their bytes."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dam.app import build_world
from dam.core.world import World
from dam.errors import DigestNotComputedError, ExitCode, MalformedDigestError, UnreadableQueryError
from dam.services.digest_service import (
    DigestPrefix,
    find_by_digest,
    find_by_file,
    parse_digest,
)
from dam.services.file_operations import FileOperationsResource
from dam.services.import_service import ImportOptions, import_files
from tests.databases import world_config
from tests.services.conftest import Add

SHA256 = hashlib.sha256(b"hello").hexdigest()


@pytest.mark.parametrize(
    ("text", "name"), [("0" * 64, "sha256"), ("0" * 40, "sha1"), ("0" * 32, "md5")]
)
def test_the_length_says_which_digest_it_is(text: str, name: str) -> None:
    assert parse_digest(text) == DigestPrefix(name, text)


def test_a_part_is_one_of_a_sha256_unless_it_is_said_otherwise() -> None:
    assert parse_digest(" ABCDEF012\n") == DigestPrefix("sha256", "abcdef012")
    assert parse_digest("0" * 32, "sha256") == DigestPrefix("sha256", "0" * 32)
    assert parse_digest("abcdef01", "md5") == DigestPrefix("md5", "abcdef01")
    assert parse_digest("sha1:abcdef01") == DigestPrefix("sha1", "abcdef01")
    assert parse_digest(f"sha256:{'0' * 40}") == DigestPrefix("sha256", "0" * 40)


@pytest.mark.parametrize(
    "text", ["", "abcdef0", "0" * 65, "xyzxyzxy", "0x123456", "md5:" + "0" * 33, "+1234567"]
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(MalformedDigestError) as caught:
        parse_digest(text)
    assert caught.value.exit_code is ExitCode.USAGE


def test_the_refusal_says_what_was_expected() -> None:
    with pytest.raises(MalformedDigestError) as caught:
        parse_digest("0" * 64, "md5")
    assert str(caught.value) == f"not a valid md5: '{'0' * 64}'; expected 8 to 32 hex digits"
    assert caught.value.hint == "sha256sum, sha1sum and md5sum print such digests"


@given(st.binary(min_size=20, max_size=20), st.binary(min_size=20, max_size=20), st.integers(8, 40))
def test_the_bounds_hold_exactly_what_begins_so(digest: bytes, other: bytes, length: int) -> None:
    prefix = DigestPrefix("sha1", digest.hex()[:length])
    low, beyond = prefix.bounds()
    assert low <= digest
    assert beyond is None or digest < beyond
    is_inside = low <= other and (beyond is None or other < beyond)
    assert is_inside == other.hex().startswith(prefix.digits)


async def test_an_asset_is_found_with_its_names_and_places(
    world: World, add: Add, home: Path
) -> None:
    for name in ("first.txt", "second.txt"):
        (home / name).write_bytes(b"hello")
    entity_id = await add(home / "first.txt")
    assert await add(home / "second.txt", "reference") == entity_id
    (found,) = await find_by_digest(world, parse_digest(SHA256[:9]))
    assert (found.entity_id, found.sha256.hex(), found.size_bytes) == (entity_id, SHA256, 5)
    assert found.names == ["first.txt", "second.txt"]
    stored, referenced = found.locations
    assert (stored.storage, referenced.storage) == ("store", "reference")
    assert stored.path == home / "store" / SHA256[:2] / SHA256[2:4] / SHA256
    assert referenced.path == home / "second.txt"
    assert await find_by_file(world, home / "second.txt") == [found]


async def test_a_place_that_lost_the_bytes_has_no_path(world: World, add: Add, home: Path) -> None:
    (home / "a").write_bytes(b"hello")
    await add(home / "a")
    world.resources.get(FileOperationsResource).store.remove(bytes.fromhex(SHA256))
    (found,) = await find_by_digest(world, parse_digest(SHA256))
    assert [(place.storage, place.path) for place in found.locations] == [("store", None)]


async def test_what_is_not_there_is_not_found(world: World, add: Add, home: Path) -> None:
    (home / "a").write_bytes(b"hello")
    await add(home / "a")
    assert await find_by_digest(world, parse_digest("f" * 8)) == []
    assert await find_by_digest(world, parse_digest(SHA256[:-1] + "0")) == []


async def test_a_digest_that_the_world_does_not_compute_is_refused(world: World) -> None:
    with pytest.raises(DigestNotComputedError) as caught:
        await find_by_digest(world, parse_digest("0" * 32))
    assert str(caught.value) == "this world does not compute md5; it computes sha256"
    assert caught.value.hint == (
        "add md5 to DAM_EXTRA_DIGESTS, then run `add-asset --rehash` on the files"
    )
    assert caught.value.exit_code is ExitCode.USAGE
    with pytest.raises(DigestNotComputedError):
        await find_by_file(world, Path("absent"), "sha1")


async def test_a_file_that_cannot_be_read_cannot_be_searched_for(world: World, home: Path) -> None:
    with pytest.raises(UnreadableQueryError) as caught:
        await find_by_file(world, home / "absent")
    assert str(caught.value) == f"cannot search: cannot read {home}/absent: no such file"
    assert caught.value.hint == "search with another file or asset"
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


@pytest.fixture
async def generous_world(database_url: str) -> AsyncIterator[World]:
    config = world_config(
        database_url, worker_kind="thread", extra_digests=frozenset({"md5", "sha1"})
    )
    world = await build_world(config, plugins=False)
    yield world
    await world.close()


@pytest.mark.parametrize("name", ["md5", "sha1"])
async def test_the_digests_of_other_catalogues_find_the_same(
    generous_world: World, home: Path, name: str
) -> None:
    (home / "a").write_bytes(b"hello")
    await import_files(generous_world, [str(home / "a")], ImportOptions())
    digest = hashlib.new(name, b"hello").hexdigest()
    (found,) = await find_by_digest(generous_world, parse_digest(digest))
    assert found.sha256.hex() == SHA256
    assert await find_by_digest(generous_world, parse_digest(digest[:11], name)) == [found]
    assert await find_by_file(generous_world, home / "a", name) == [found]
