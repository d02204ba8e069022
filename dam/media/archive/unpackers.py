"""What unpacks which archives, and whether it is installed."""

import importlib.util
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from subprocess import DEVNULL, PIPE, Popen

from dam.children import child_environment, limit_process, refuse_new_privileges
from dam.errors import MissingUnpackerError
from dam.media.decoder import Decoder
from dam.media.image.decoders import version_of

EXTRA = "comics"
_MODULES = ("py7zr", "rarfile")

PRINTING = {"unrar": ("p", "-inul", "-p-", "--"), "unar": ("-q", "-o", "-", "-p", "", "--")}
"""Programs that print the members of a RAR file one after the other, and what makes them do it."""

OUT_OF_MEMORY = 8
"""How `unrar` ends where memory is short; `unar` has no code for it."""

PROGRAM = "unar"
"""The one of them to install."""


def start_unpacker(words: Sequence[str], fd: int | None = None) -> Popen[bytes]:
    """Start a program that prints what it unpacks; it gets little of our environment and memory.

    Args:
        words: The program and its arguments; no name of an archive's member is among them.
        fd: A descriptor of ours that it needs, if any.
    """

    def start() -> Popen[bytes]:
        refuse_new_privileges()
        process = Popen(  # noqa: S603 - see above
            words,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            pass_fds=[] if fd is None else [fd],
            env=child_environment(),
        )
        # A worker has the limits already; the program itself, when it exports, has none.
        limit_process(process_id=process.pid)
        return process

    with ThreadPoolExecutor(1) as thread:  # of its own, because a thread refuses them for ever
        return thread.submit(start).result()


def rar_program() -> str | None:
    """Return the name of a program that is there, or None."""
    return next((name for name in PRINTING if shutil.which(name)), None)


def is_installed(requirement: str) -> bool:
    """Return whether what a `MissingUnpackerError` asks for is there now."""
    if requirement == EXTRA:
        return all(importlib.util.find_spec(module) for module in _MODULES)
    return rar_program() is not None


def installed_unpackers() -> dict[str, Decoder]:
    """Return whether archives of the formats that need more than Python can be read, by name."""
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
