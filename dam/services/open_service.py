"""Opens assets in the programs that the desktop has for them."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.errors import (
    ItemError,
    NoOpenerError,
    OpenerFailedError,
    ProgramRefusedError,
    words_for,
)
from dam.media.programs import HEAD_BYTES, program_kind
from dam.services import content_service
from dam.services.export_service import export_assets
from dam.services.file_operations import FileOperationsResource
from dam.storage.content_store import ContentStore
from dam.storage.contents.located import LocatedContent, local_file

_PATIENCE_S = 3.0


@dataclass(frozen=True, kw_only=True)
class OpenedAsset:
    """The file that was handed to a program, or the error that prevented it.

    Attributes:
        entity_id: The asset.
        path: The user's own file, or a copy of it under its name; None if it failed.
        error: The class of the error.
        message: What is wrong.
        hint: What to do about it.
    """

    entity_id: EntityId
    path: Path | None = None
    error: str | None = None
    message: str | None = None
    hint: str | None = None


async def open_assets(
    world: World,
    entity_ids: Sequence[EntityId],
    on_outcome: Callable[[OpenedAsset], None] | None = None,
) -> list[OpenedAsset]:
    """Hand assets to the desktop's programs; return one answer for each, in order.

    A file that was added with `--mode reference` is opened in its place. All others are copied
    under their own names into a new temporary folder, which only the user can read; what a program
    changes there is not known to dam. Programs, scripts and starters are refused.

    Example: `await open_assets(world, [12])`.

    Args:
        world: The world of the assets.
        entity_ids: The assets to open.
        on_outcome: Called with each answer as soon as it is known.

    Raises:
        NoOpenerError: The machine has no program for this, or no display.
        OutputFolderError: The temporary folder cannot be written.
    """
    opener = _find_opener()
    contents = await world.read(content_service.locate, entity_ids)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="dam-open-"))
    answers = []
    try:
        for entity_id in entity_ids:
            answer = await _opened(world, opener, entity_id, contents.get(entity_id), folder)
            answers.append(answer)
            if on_outcome:
                on_outcome(answer)
    finally:
        await asyncio.to_thread(_remove_empty, folder)
    return answers


async def _opened(
    world: World, opener: str, entity_id: EntityId, content: LocatedContent | None, folder: Path
) -> OpenedAsset:
    own = None if content is None else await _in_place(world, content)
    path = own
    if path is None:
        (copy,) = await export_assets(world, [entity_id], folder)
        if copy.path is None:
            return OpenedAsset(
                entity_id=entity_id, error=copy.error, message=copy.message, hint=copy.hint
            )
        path = copy.path
    try:
        await asyncio.to_thread(_open, opener, path)
    except ItemError as error:
        if own is None:  # nobody looks at the copy
            await asyncio.to_thread(path.unlink, missing_ok=True)
        kind, message, hint = type(error).__name__, error.message, error.hint
        return OpenedAsset(entity_id=entity_id, error=kind, message=message, hint=hint)
    return OpenedAsset(entity_id=entity_id, path=path)


def _find_opener() -> str:
    """Return the path of the program that opens files as the desktop would.

    Raises:
        NoOpenerError: There is none, or no display.
    """
    name = "open" if sys.platform == "darwin" else "xdg-open"
    found = shutil.which(name)
    if found is None:
        raise NoOpenerError(f"{name} is not installed", "install xdg-utils")
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise NoOpenerError("there is no display", "run it on a desktop")
    return found


async def _in_place(world: World, content: LocatedContent) -> Path | None:
    """Return a file of the user that has the bytes, or None."""
    store = world.resources.get(FileOperationsResource).store
    for reference in content.references:
        alone = replace(content, is_stored=False, members=(), references=(reference,))
        with suppress(ItemError):  # another place may have them
            await asyncio.to_thread(_check, alone, store)
            return reference.path
    return None


def _check(content: LocatedContent, store: ContentStore) -> None:
    with local_file(store, content):
        pass


def _open(opener: str, path: Path) -> None:
    """Start the program for a file; wait a little, to see whether it refuses."""
    with path.open("rb") as file:
        kind = program_kind(path.name, file.read(HEAD_BYTES))
    if kind is not None:
        raise ProgramRefusedError(path, kind)
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own program, without a shell
            [opener, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        code = process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        return  # the program itself is running
    except OSError as error:
        raise OpenerFailedError(opener, words_for(error)) from error
    if code:
        raise OpenerFailedError(opener, f"it ended with {code}")


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # the copies in it are being looked at
        folder.rmdir()
