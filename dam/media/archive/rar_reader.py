"""Reading of RAR files: `rarfile` reads the headers, one run of a program unpacks all members.

The program gets no member's name and writes no file. Its output is divided by the sizes in the
headers and compared with their checksums. So a name cannot act as an option or a pattern, and an
archive of 200 pages, or a solid one, takes one process instead of 200.
"""

import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import rarfile

from dam.errors import (
    EncryptedArchiveError,
    MediaLimitError,
    MemberUnreadableError,
    MissingUnpackerError,
    UnpackerStoppedError,
    UnreadableArchiveError,
)
from dam.media.archive.reader import SPECIAL_KINDS, ArchiveFormat, Entry, damage_is
from dam.media.archive.spool import Spool
from dam.media.archive.unpackers import (
    OUT_OF_MEMORY,
    PRINTING,
    PROGRAM,
    rar_program,
    start_unpacker,
)
from dam.media.limits import MediaLimits

_CHUNK_BYTES = 1 << 20
_LARGEST_ALONE_BYTES = 20_000_000  # up to here, `rarfile` unpacks without giving a program the name
_LINKS = {1: "a symbolic link", 2: "a symbolic link", 3: "a junction", 4: "a hard link"}
_COPY = 5


def _start_for_rarfile(words: list[str]) -> Popen[bytes]:
    try:
        return start_unpacker(words)
    except (FileNotFoundError, PermissionError) as error:
        raise rarfile.RarCannotExec(str(error)) from error


# Its own function gives the program our whole environment, no limits, and new privileges.
rarfile.custom_popen = _start_for_rarfile


class RarReader:
    """`ArchiveReader` of RAR files of all versions.

    Args:
        path: The file. Each part of a split archive is read on its own.
        limits: Only the number of members is checked here.

    Raises:
        UnreadableArchiveError, EncryptedArchiveError, MediaLimitError: No member can be read.
        MissingUnpackerError, UnpackerStoppedError: No program could unpack its comment.
    """

    format: ArchiveFormat = "cbr"

    def __init__(self, path: Path, limits: MediaLimits) -> None:
        self._path = path
        self._rar = _parsed(path, limits)
        self._infos = [info for info in self._rar.infolist() if not info.is_dir()]
        if not self._infos and self._rar.needs_password():
            raise EncryptedArchiveError
        self._originals = {
            info.filename: position
            for position, info in enumerate(self._infos)
            if info.file_redir is None
        }
        self.entries = [_entry(info, self._originals) for info in self._infos]
        self.is_sequential = any(info.compress_type != rarfile.RAR_M0 for info in self._infos)
        self._wanted: frozenset[int] = frozenset()
        self._spool: Spool | None = None

    def choose(self, positions: frozenset[int]) -> None:
        """Note the members that the program must unpack; see `ArchiveReader.choose`."""
        self._wanted = frozenset(map(self._original, positions))

    def read(self, position: int, name: str) -> bytes:
        """Return a member's bytes; see `ArchiveReader.read`."""
        position = self._original(position)
        info = self._infos[position]
        if info.compress_type == rarfile.RAR_M0:
            return self._read_alone(info, name)
        if self._spool is None:
            self._spool = self._unpack_all()
        if position not in self._spool and self._can_be_alone(info):
            return self._read_alone(info, name)
        return self._spool.read(position, name)

    def close(self) -> None:
        """Remove the unpacked members."""
        if self._spool is not None:
            self._spool.close()
        self._rar.close()

    def _original(self, position: int) -> int:
        """Return the position of the entry that has the bytes: a copy refers to another entry."""
        redirection = self._infos[position].file_redir
        return position if redirection is None else self._originals[redirection[2]]

    def _can_be_alone(self, info: rarfile.RarInfo) -> bool:
        return not self._rar.is_solid() and info.file_size < _LARGEST_ALONE_BYTES

    def _read_alone(self, info: rarfile.RarInfo, name: str) -> bytes:
        with damage_is(MemberUnreadableError(name, "it is corrupt or cut off")), _program_faults():
            return bytes(self._rar.read(info))

    def _unpack_all(self) -> Spool:
        spool = Spool()
        try:
            with _printing(self._path) as process:
                for position, info in enumerate(self._infos):
                    if info.is_file() and info.file_redir is None:
                        is_wanted = position in self._wanted
                        if not _take(process, info, position, spool if is_wanted else None):
                            _check_exit(process)
                            break
        except BaseException:
            spool.close()
            raise
        return spool


def _parsed(path: Path, limits: MediaLimits) -> rarfile.RarFile:
    count = 0

    def bound(_: object) -> None:
        nonlocal count
        count += 1
        if count > limits.max_archive_members:
            raise MediaLimitError("archive members", None, limits.max_archive_members)

    corrupt = UnreadableArchiveError("cbr", "its headers are corrupt")
    with damage_is(corrupt), _program_faults():  # it unpacks a packed comment, too
        rar = rarfile.RarFile(path, info_callback=bound, part_only=True)
    infos = rar.infolist()
    # `rarfile` stops at a corrupt header as it does at the end of a file that is cut off.
    is_cut = bool(infos) and infos[-1].data_offset + infos[-1].compress_size > path.stat().st_size
    if rar.strerror() and not is_cut:
        raise UnreadableArchiveError("cbr", "its headers are corrupt or cut off")
    return rar


def _entry(info: rarfile.RarInfo, originals: dict[str, int]) -> Entry:
    kind = fault = None
    if info.file_redir is not None:
        kind = _LINKS.get(info.file_redir[0])
        if info.file_redir[0] == _COPY and info.file_redir[2] not in originals:
            fault = "it refers to another member, which is missing"
    elif not info.is_file():
        kind = SPECIAL_KINDS.get(stat.S_IFMT(info.mode or 0), "an entry of an unknown kind")
    if info.flags & (rarfile.RAR_FILE_SPLIT_BEFORE | rarfile.RAR_FILE_SPLIT_AFTER):
        fault = "its other part is in another file"
    return Entry(
        raw_name=info.filename.encode("utf-8", "surrogateescape"),
        size_bytes=info.file_size,
        special_kind=kind,
        fault=fault,
        is_encrypted=info.needs_password(),
    )


@contextmanager
def _program_faults() -> Iterator[None]:
    """Raise for a program that `rarfile` runs the errors of `_printing` and `_check_exit`."""
    try:
        yield
    except rarfile.RarCannotExec as error:
        raise MissingUnpackerError("cbr", PROGRAM) from error
    except rarfile.RarMemoryError as error:
        raise MemoryError from error
    except (rarfile.RarSignalExit, rarfile.RarUserBreak) as error:
        raise UnpackerStoppedError(rar_program() or PROGRAM, str(error)) from error


@contextmanager
def _printing(path: Path) -> Iterator[Popen[bytes]]:
    """Start a program that prints the bytes of all members in order, and yield its process."""
    program = rar_program()
    if program is None:
        raise MissingUnpackerError("cbr", PROGRAM)
    with path.open("rb") as file:
        # `unar` takes other files in the same folder for further parts; a descriptor has no folder.
        is_linux = Path("/proc/self/fd").is_dir()
        alone = f"/proc/self/fd/{file.fileno()}" if is_linux else str(path.absolute())
        process = start_unpacker([program, *PRINTING[program], alone], file.fileno())
        with process:
            try:
                yield process
            finally:
                process.kill()


def _check_exit(process: Popen[bytes]) -> None:
    """Raise if the program that printed too little was killed or ran out of memory.

    Otherwise the archive is to blame, and nothing is raised.
    """
    code = process.wait()  # its output is at its end
    if code == OUT_OF_MEMORY:
        raise MemoryError
    if code < 0:
        assert isinstance(process.args, list)
        reason = f"killed by {signal.Signals(-code).name}"
        raise UnpackerStoppedError(str(process.args[0]), reason)


def _take(process: Popen[bytes], info: rarfile.RarInfo, position: int, spool: Spool | None) -> bool:
    """Read the bytes of one member from the program, and keep them in the spool, if one is given.

    Returns:
        Whether the program printed all of them.
    """
    assert process.stdout is not None
    digest = rarfile.Blake2SP() if info.CRC is None and info.blake2sp_hash else None
    rest: int = info.file_size
    if spool is not None:
        spool.begin()
    while rest and (chunk := process.stdout.read(min(rest, _CHUNK_BYTES))):
        rest -= len(chunk)
        if spool is not None:
            spool.write(chunk)
            if digest is not None:
                digest.update(chunk)
    if spool is not None:
        is_same = digest is None or digest.digest() == info.blake2sp_hash
        spool.end(position, size_bytes=info.file_size, crc=info.CRC, is_same=is_same)
    return rest == 0
