"""Faults of a comic's ComicInfo.xml."""

from dam.errors.base import ItemError


class UnreadableComicInfoError(ItemError):
    """A ComicInfo.xml is no XML, in no known encoding, or something else."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"unreadable ComicInfo.xml: {reason}")


class ForbiddenXmlError(ItemError):
    """An XML document declares types or entities, which hostile ones use; it was not read."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} holds a document type declaration; such XML is not read")
