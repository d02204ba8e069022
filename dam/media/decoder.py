"""A decoder, or another program or package that files need."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decoder:
    """Whether a decoder can be used here, and what to do if not."""

    available: bool
    version: str | None
    hint: str | None
