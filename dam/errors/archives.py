"""Errors about archives and their members."""

from pathlib import Path

from dam.errors.base import EnvironmentFaultError, ItemError, display_path, words_for
from dam.errors.host import raise_host_limit


class NotAnArchiveError(ItemError):
    """A file is not a zip, RAR, 7z or tar archive, whatever its name says: it has no members."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        super().__init__(
            f"a file of type {media_type} is not an archive; expected zip, rar, 7z or tar"
        )


class UnreadableArchiveError(ItemError):
    """An archive is truncated or corrupt, or uses a feature of its format that we cannot read."""

    def __init__(self, archive_format: str, reason: str) -> None:
        self.archive_format = archive_format
        self.reason = reason
        super().__init__(f"unreadable {archive_format} archive: {reason}")


class EncryptedArchiveError(ItemError):
    """An archive, or the member `name` of it, cannot be read without a password."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        what = "the archive" if name is None else f"the member {name!r}"
        super().__init__(f"{what} is encrypted", "unpack it with its password and add the files")


class PdfPageError(ItemError):
    """A page of a PDF is not one picture that can be copied, so the PDF is no comic.

    Args:
        page_number: Of the page, from 1.
        reason: What it is instead, such as "it has text".
    """

    def __init__(self, page_number: int, reason: str) -> None:
        self.page_number = page_number
        self.reason = reason
        super().__init__(
            f"page {page_number} of the PDF is not one picture alone: {reason}",
            "only a PDF in which each page is one picture can be imported as a comic",
        )


class MissingUnpackerError(ItemError):
    """The extra of ours or the program that unpacks a format is not installed.

    Args:
        archive_format: Such as "cbr".
        requirement: The name of the extra ("comics") or of the program ("unar").
    """

    def __init__(self, archive_format: str, requirement: str) -> None:
        self.archive_format = archive_format
        self.requirement = requirement
        is_extra = requirement == "comics"
        super().__init__(
            f"no unpacker for {archive_format} archives is installed",
            f'pip install "ecs-dam[{requirement}]"'
            if is_extra
            else f"install the program {requirement}, for example with `apt install {requirement}`",
        )


class UnpackerStoppedError(ItemError):
    """The program that unpacks an archive ended early; the archive is not to blame."""

    def __init__(self, program: str, reason: str) -> None:
        self.program = program
        self.reason = reason
        super().__init__(
            f"{program} ended before the archive was unpacked: {reason}",
            "run the same command again",
        )


class MemberUnreadableError(ItemError):
    """One member of an archive cannot be read; other members may still be readable."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"unreadable member {name!r}: {reason}")


class MemberNotFileError(ItemError):
    """A member has no bytes of its own: it is a link or a device.

    Args:
        kind: The kind of the member with its article, such as "a symbolic link".
    """

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        super().__init__(f"the member {name!r} is {kind}, not a regular file")


class DuplicateMemberError(ItemError):
    """An archive has two members with the same name; the first one is used."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the archive has more than one member {name!r}; the first is used")


class MemberMissingError(ItemError):
    """An archive has no member of this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the archive has no member {name!r}")


class MemberDamagedError(ItemError):
    """A member's bytes differ from those it had when the archive was imported."""

    def __init__(self, name: str, digest: bytes) -> None:
        self.name = name
        self.digest = digest
        super().__init__(
            f"the member {name!r} does not match sha256:{digest.hex()}",
            "check the archive with `dam-cli verify`; add a good copy with `add-asset --rehash`",
        )


class UnpackingSpaceError(EnvironmentFaultError):
    """The folder for temporary files cannot be written, so an archive cannot be unpacked."""

    def __init__(self, folder: Path, error: OSError) -> None:
        raise_host_limit(error)
        self.folder = folder
        self.errno = error.errno
        super().__init__(
            f"cannot unpack into {display_path(folder)}: {words_for(error)}",
            "free some space there, or set TMPDIR to another folder",
        )
