"""The packages and programs that unpack RAR and 7z, and whether they are installed."""

import importlib.util
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from subprocess import DEVNULL, PIPE, Popen

from dam.children import child_environment, limit_process, refuse_new_privileges
from dam.errors import MissingUnpackerError
from dam.media.decoder import Decoder, version_of

EXTRA = "comics"
_MODULES = ("inflate64", "py7zr", "pyppmd", "rarfile")

PRINTING = {"unrar": ("p", "-inul", "-p-", "--"), "unar": ("-q", "-o", "-", "-p", "", "--")}
"""Programs that can print the members of a RAR file one after another, with their arguments."""

OUT_OF_MEMORY = 8
"""The exit code of `unrar` when memory runs out; `unar` has no code for that."""

PROGRAM = "unar"
"""The program that users are told to install."""


def start_unpacker(words: Sequence[str], fd: int | None = None) -> Popen[bytes]:
    """Start a program that prints unpacked bytes, with little of our environment and memory.

    Args:
        words: The program and its arguments; never the name of an archive's member.
        fd: A file descriptor of this process to pass on, if the program needs one.
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
        # A worker process has these limits already; the main process, in an export, has none.
        limit_process(process_id=process.pid)
        return process

    with ThreadPoolExecutor(1) as thread:  # its own, as a thread refuses new privileges for ever
        return thread.submit(start).result()


def rar_program() -> str | None:
    """Return the name of an installed program that unpacks RAR, or None."""
    return next((name for name in PRINTING if shutil.which(name)), None)


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
