"""The packages and programs that unpack RAR and 7z, and whether they are installed."""

import importlib.util

from dam.errors import MissingUnpackerError
from dam.media.archive.printing import PROGRAM, rar_program
from dam.media.decoder import Decoder, version_of

EXTRA = "comics"
_MODULES = ("inflate64", "py7zr", "pyppmd", "rarfile")


def is_installed(requirement: str) -> bool:
    """Tell whether the `requirement` of a `MissingUnpackerError` is installed now."""
    if requirement == EXTRA:
        return all(importlib.util.find_spec(module) for module in _MODULES)
    return rar_program() is not None


def installed_unpackers() -> dict[str, Decoder]:
    """Return the state of the unpackers of formats that Python alone cannot read, by format."""
    program = rar_program()
    return {
        "7z": _unpacker("cb7", "py7zr"),
        "rar": _unpacker("cbr", "rarfile")
        if program
        else Decoder(available=False, version=None, hint=MissingUnpackerError("cbr", PROGRAM).hint),
    }


def _unpacker(archive_format: str, package: str) -> Decoder:
    if not importlib.util.find_spec(package):
        hint = MissingUnpackerError(archive_format, EXTRA).hint
        return Decoder(available=False, version=None, hint=hint)
    return Decoder(available=True, version=version_of(package), hint=None)
