"""Errors about pictures and other media: no decoder, unreadable, or too large."""

from dam.errors.base import ItemError
from dam.errors.runtime import described

_ONE_PERCENT = 0.01


class UnsupportedPictureError(ItemError):
    """This program has no decoder that makes a bitmap from files of this type."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        super().__init__(f"files of type {media_type} cannot be decoded as pictures")


class MissingDecoderError(ItemError):
    """The picture cannot be decoded until an optional package is installed."""

    def __init__(self, media_type: str, package: str) -> None:
        self.media_type = media_type
        self.package = package
        self.requirement = package
        super().__init__(
            f"no decoder for {media_type} is installed",
            f"pip install {package}, then try again",
        )


class NoDecoderError(ItemError):
    """A picture is sound, but there is no decoder for pictures of its kind.

    Args:
        what: The pictures that cannot be decoded, such as "PSD pictures with 16 bits a channel".
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"no decoder for {what}")


class UnreadablePictureError(ItemError):
    """A picture is truncated or corrupt, or uses a feature of its format that we cannot decode."""

    def __init__(self, picture_format: str, reason: str) -> None:
        self.picture_format = picture_format
        self.reason = reason
        super().__init__(f"unreadable {picture_format} picture: {reason}")


class TornPictureError(UnreadablePictureError):
    """A part of a picture is missing; the thumbnail and the hashes are those of the rest.

    Args:
        picture_format: Pillow's name of the format.
        missing: The share that is missing, from 0 to 1.
        passes: Of a picture that is sent in several passes, ever finer: how many there are.
    """

    def __init__(self, picture_format: str, missing: float, passes: int | None = None) -> None:
        self.missing = missing
        percent = f"{missing:.0%}" if missing >= _ONE_PERCENT else "less than 1%"
        reason = f"{percent} of it is missing"
        if passes and passes > 1:
            reason = f"it ends in pass {passes}, so its details are missing"
        super().__init__(picture_format, reason)
        self.message = f"torn {picture_format} picture: {reason}"
        self.args = (self.message,)


class UnreadableStreamsError(ItemError):
    """A video or a song cannot be opened: it is damaged, cut off, or uses what we do not have."""

    def __init__(self, media_type: str, reason: str) -> None:
        self.media_type = media_type
        self.reason = reason
        super().__init__(f"unreadable {media_type} file: {reason}")


class NoPictureError(ItemError):
    """A file is sound, but there is nothing in it to make a picture of, such as a song's cover.

    It is no failure of the file, and is not tried again.

    Args:
        reason: What is not there, as a sentence without a full stop.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no picture: {reason}")


class UnreadableDocumentError(ItemError):
    """A document is truncated or corrupt, or not what its first bytes say.

    Args:
        document_format: The format as people write it, such as "PDF".
        reason: The end of the message, such as "its directory is missing".
    """

    def __init__(self, document_format: str, reason: str) -> None:
        self.document_format = document_format
        self.reason = reason
        super().__init__(f"unreadable {document_format} document: {reason}")


class MediaKindError(ItemError):
    """The code of a media kind failed on a file in a way that it does not describe itself.

    Args:
        kind: The name of the kind.
        error: What its function raised.
    """

    def __init__(self, kind: str, error: BaseException) -> None:
        self.kind = kind
        self.reason = described(error)
        super().__init__(
            f"the media kind {kind!r} failed on this file: {self.reason}",
            "report it to the author of the plugin that adds this kind",
        )


class MediaLimitError(ItemError):
    """A file exceeds a limit when it is opened or unpacked, as hostile files do.

    Args:
        what: What is counted, in the plural, such as "pixels".
        found: The number found; None if counting stopped at the limit.
        limit: The highest number that is accepted.
    """

    def __init__(self, what: str, found: int | None, limit: int) -> None:
        self.what = what
        self.found = found
        self.limit = limit
        amount = f"{found:,} {what}" if found is not None else f"too many {what}"
        is_set = what in ("pixels", "pixels to decode")
        super().__init__(
            f"{amount}; at most {limit:,} are accepted",
            "set DAM_MAX_PIXELS to a larger number, then run `dam-cli retry`" if is_set else None,
        )
