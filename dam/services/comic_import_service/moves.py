"""Removes the source files of comics after an import with `--mode move`.

The sources of a comic are removed after the last commit of that comic.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.world import World
from dam.errors import ItemError
from dam.services.comic_import_service.known import RecordedComic
from dam.services.comic_import_service.outcome import ComicOutcome
from dam.services.page_service import get_ordered_pages
from dam.services.source_removal_service import end_removals, note_removals
from dam.storage.content_store import ImportMode
from dam.tasks.sources import SourceRemoval

T = TypeVar("T")


async def sources_of_pages(
    session: AsyncSession, comic: RecordedComic, sources: Sequence[SourceRemoval]
) -> list[SourceRemoval]:
    """Return the sources that are pages of a folder's comic; the other pictures must stay."""
    assert comic.variant_entity_id is not None
    pages = set(await get_ordered_pages(session, comic.variant_entity_id))
    return [source for source in sources if source.entity_id in pages]


class ComicMoves:
    """The source files that an import of comics has stored and must still remove.

    Empty unless the mode is `move`.

    Invariant: a source that is not removed yet is found again by the same command, until its
    removal is noted in the transaction that commits its comic.
    """

    def __init__(self, world: World, mode: ImportMode, *, is_dry_run: bool = False) -> None:
        self._world = world
        self._is_plan = is_dry_run and mode == "move"
        self._run = world.run_durably if mode == "move" else world.run
        self._taken: dict[str, SourceRemoval] = {}

    def take(self, removal: SourceRemoval) -> None:
        """Add a source file to be removed once its comic is recorded."""
        self._taken[str(removal.path)] = removal

    def sources_at(self, paths: Iterable[str]) -> list[SourceRemoval]:
        """Return the source files at these paths, and forget them: a second call has none."""
        return [self._taken.pop(path) for path in paths if path in self._taken]

    async def record(
        self, fn: Callable[[AsyncSession], Awaitable[T]], sources: Sequence[SourceRemoval] = ()
    ) -> T:
        """Run a function that records a comic, and note the removals in the same transaction.

        Args:
            fn: Writes the rows of the comic; its answer is returned.
            sources: The files to be removed.
        """

        async def work(session: AsyncSession) -> T:
            answer = await fn(session)
            await note_removals(session, sources, now=self._world.context.now())
            return answer

        return await self._run(work)

    async def finish(
        self,
        outcome: ComicOutcome,
        sources: Sequence[SourceRemoval],
        planned: int,
        *,
        are_noted: bool,
    ) -> ComicOutcome:
        """Remove the sources of a comic; return its outcome, with an error if some are left.

        Args:
            outcome: The outcome of the comic, all of whose rows are committed.
            sources: The files to be removed.
            planned: How many files that are; a dry run, which has no sources, reports it.
            are_noted: Their removals are noted already, by `record`.
        """
        if self._is_plan:
            return replace(outcome, removed_sources=planned)
        if not sources:
            return outcome
        if not are_noted:
            await self._run(note_removals, sources, now=self._world.context.now())
        ended = await end_removals(self._world, sources)
        errors = [end for _, end in ended if isinstance(end, ItemError)]
        outcome = replace(outcome, removed_sources=len(ended) - len(errors))
        if not errors:
            return outcome
        first, more = errors[0], f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        earlier = [outcome.message] if outcome.message else []
        return replace(
            outcome,
            error=outcome.error or type(first).__name__,
            message="; ".join([*earlier, f"{first.message}{more}"]),
            hint=outcome.hint or first.hint,
        )
