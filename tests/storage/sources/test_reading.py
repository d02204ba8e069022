"""Reading users' files that change, vanish, or are not to be read."""

import os
from pathlib import Path
from threading import Event, Thread

import pytest

from dam.errors import ExitCode, FileAccessError, FileChangedError
from dam.storage.local.store import LocalContentStore
from dam.storage.sources.reading import CHUNK_BYTES, FileStat, digest_chunks, open_source
from tests.storage.conftest import nobody
from tests.storage.stored import sha256, write


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file that takes several reads."""
    return write(tmp_path / "big", bytes(3 * CHUNK_BYTES))


def test_a_file_is_read_once_from_start_to_end(big: Path) -> None:
    with open_source(big) as source:
        digests = digest_chunks(source.chunks(), ("md5",))

    assert digests.sha256 == sha256(bytes(3 * CHUNK_BYTES))
    assert list(digests.extra) == ["md5"]
    assert source.reading == FileStat.of(big.stat())


@pytest.mark.parametrize("size_bytes", [0, CHUNK_BYTES, 3 * CHUNK_BYTES - 1, 3 * CHUNK_BYTES + 1])
def test_a_file_that_grows_or_shrinks_meanwhile_is_not_believed(big: Path, size_bytes: int) -> None:
    with open_source(big) as source:
        chunks = source.chunks()
        next(chunks)
        os.truncate(big, size_bytes)
        with pytest.raises(FileChangedError) as caught:
            list(chunks)

    assert caught.value.message == f"{big} changed while it was read"
    assert caught.value.hint == "add it again when no other program is writing to it"
    assert caught.value.exit_code is ExitCode.ITEMS_FAILED


def test_a_file_that_is_written_to_meanwhile_is_not_believed(big: Path) -> None:
    with open_source(big) as source:
        chunks = source.chunks()
        next(chunks)
        os.utime(big, ns=(1, 1))
        with pytest.raises(FileChangedError):
            list(chunks)


def test_a_file_that_is_replaced_meanwhile_is_not_believed(big: Path, tmp_path: Path) -> None:
    with open_source(big) as source:
        chunks = source.chunks()
        next(chunks)
        write(tmp_path / "new", bytes(3 * CHUNK_BYTES)).replace(big)
        with pytest.raises(FileChangedError):
            list(chunks)


def test_a_file_that_vanishes_meanwhile_is_said_to(big: Path) -> None:
    with open_source(big) as source:
        chunks = source.chunks()
        next(chunks)
        big.unlink()
        with pytest.raises(FileChangedError) as caught:
            list(chunks)

    assert caught.value.message == f"{big} vanished while it was read"


def test_putting_a_file_that_another_program_writes_to_fails(tmp_path: Path) -> None:
    path = tmp_path / "log"
    os.truncate(write(path, b""), 64 * CHUNK_BYTES)
    has_begun, is_over = Event(), Event()

    def append() -> None:
        with path.open("ab", buffering=0) as file:
            while not is_over.is_set():
                file.write(b"line\n")
                has_begun.set()

    writer = Thread(target=append)
    writer.start()
    try:
        assert has_begun.wait(timeout=30)
        with pytest.raises(FileChangedError):
            LocalContentStore(tmp_path / "store").put(path, "reference")
    finally:
        is_over.set()
        writer.join()


def test_a_file_that_grows_without_end_is_given_up_soon(big: Path) -> None:
    sizes: list[int] = []
    with open_source(big) as source:
        os.truncate(big, 1 << 40)
        with pytest.raises(FileChangedError):
            sizes.extend(len(chunk) for chunk in source.chunks())

    assert sizes == [CHUNK_BYTES] * 3


def test_a_file_that_delivers_less_than_its_size_is_not_believed() -> None:
    with (
        open_source(Path("/sys/devices/system/cpu/online")) as source,
        pytest.raises(FileChangedError),
    ):
        list(source.chunks())


def test_a_file_that_claims_to_be_empty_and_is_not_is_not_believed() -> None:
    with (
        open_source(Path("/proc/self/status")) as source,
        pytest.raises(FileChangedError),
    ):
        list(source.chunks())


def test_a_file_one_may_not_read_is_named(public_folder: Path) -> None:
    path = write(public_folder / "secret", b"x")
    path.chmod(0)

    with nobody(), pytest.raises(FileAccessError) as caught, open_source(path):
        pass

    assert caught.value.message == f"cannot read {path}: permission denied"
    assert caught.value.exit_code is ExitCode.ITEMS_FAILED


def test_messages_show_any_name_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"a\n\xff\x1b[31m")

    with pytest.raises(FileAccessError) as caught, open_source(path):
        pass

    assert caught.value.message == f"cannot read {tmp_path}/a\\n\\xff\\x1b[31m: no such file"
