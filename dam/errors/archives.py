"""Faults of archives and of what is in them."""

from pathlib import Path

from dam.errors.base import EnvironmentFaultError, ItemError, display_path, words_for
from dam.errors.host import raise_host_limit


class NotAnArchiveError(ItemError):
    """A file has no members: it is no zip, RAR, 7z or tar file, whatever its name says."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        super().__init__(f"a file of type {media_type} is no archive; expected zip, rar, 7z or tar")


class UnreadableArchiveError(ItemError):
    """An archive is truncated or corrupt, or uses a feature of its format that is not read."""

    def __init__(self, archive_format: str, reason: str) -> None:
        self.archive_format = archive_format
        self.reason = reason
        super().__init__(f"unreadable {archive_format} archive: {reason}")


class EncryptedArchiveError(ItemError):
    """An archive, or one member of it, cannot be read without a password."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        what = "the archive" if name is None else f"the member {name!r}"
        super().__init__(f"{what} is encrypted", "unpack it with its password and add the files")


class MissingUnpackerError(ItemError):
    """Archives of a format can be read once an extra of ours or a program is installed."""

    def __init__(self, archive_format: str, requirement: str) -> None:
        self.archive_format = archive_format
        self.requirement = requirement
        is_extra = requirement == "comics"
        super().__init__(
            f"nothing that unpacks {archive_format} archives is installed",
            f'pip install "ecs-dam[{requirement}]"'
            if is_extra
            else f"install the program {requirement} (`apt install {requirement}`, say)",
        )


class UnpackerStoppedError(ItemError):
    """A program that unpacks an archive ended early, through no fault of the archive."""

    def __init__(self, program: str, reason: str) -> None:
        self.program = program
        self.reason = reason
        super().__init__(
            f"{program} ended before the archive was unpacked: {reason}",
            "the same command tries it again",
        )


class MemberUnreadableError(ItemError):
    """The bytes of one member of an archive cannot be had; those of others may."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"unreadable member {name!r}: {reason}")


class MemberNotFileError(ItemError):
    """A member has no bytes of its own: a link that leads elsewhere, or a device."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        super().__init__(f"the member {name!r} is {kind}, not a regular file")


class DuplicateMemberError(ItemError):
    """An archive has two members of one name; the first one is taken."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the archive has more than one member {name!r}; the first is taken")


class MemberMissingError(ItemError):
    """An archive has no member of this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the archive has no member {name!r}")


class MemberDamagedError(ItemError):
    """A member of an archive has other bytes than when the archive was imported."""

    def __init__(self, name: str, digest: bytes) -> None:
        self.name = name
        self.digest = digest
        super().__init__(
            f"the member {name!r} does not match sha256:{digest.hex()}",
            "`verify` the archive, and add a good copy of it with --rehash",
        )


class UnpackingSpaceError(EnvironmentFaultError):
    """The folder for temporary files cannot take what is unpacked."""

    def __init__(self, folder: Path, error: OSError) -> None:
        raise_host_limit(error)
        self.folder = folder
        self.errno = error.errno
        super().__init__(
            f"cannot unpack into {display_path(folder)}: {words_for(error)}",
            "free some space there, or set TMPDIR to another folder",
        )
