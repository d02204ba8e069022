"""The state of a decoder, or of another program or package that some files need."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decoder:
    """Tells whether a decoder is installed, in which version, and what to do if it is not."""

    available: bool
    version: str | None
    hint: str | None


def version_of(package: str) -> str:
    """Return the version of an installed package."""
    import importlib.metadata  # noqa: PLC0415 - workers, which import this module, do without

    return importlib.metadata.version(package)
