"""Faults of pictures."""

from dam.errors.base import ItemError


class UnsupportedPictureError(ItemError):
    """No decoder of this program makes a bitmap of files of this type."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        super().__init__(f"files of type {media_type} cannot be decoded as pictures")


class MissingDecoderError(ItemError):
    """The picture can be decoded once an optional package is installed."""

    def __init__(self, media_type: str, package: str) -> None:
        self.media_type = media_type
        self.package = package
        self.requirement = package
        super().__init__(
            f"no decoder for {media_type} is installed", f"pip install {package}, then retry"
        )


class UnreadablePictureError(ItemError):
    """A picture is truncated, corrupt, or uses a feature of its format that is not decoded."""

    def __init__(self, picture_format: str, reason: str) -> None:
        self.picture_format = picture_format
        self.reason = reason
        super().__init__(f"unreadable {picture_format} picture: {reason}")


class MediaLimitError(ItemError):
    """A file is larger inside than it may be; hostile files are, honest ones hardly ever."""

    def __init__(self, what: str, found: int | None, limit: int) -> None:
        self.what = what
        self.found = found
        self.limit = limit
        amount = f"{found:,} {what}" if found is not None else f"too many {what}"
        super().__init__(f"{amount}; at most {limit:,} are accepted")
