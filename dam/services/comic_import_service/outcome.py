"""The outcome of importing one comic, as commands report it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dam.core.ecs.components import EntityId
from dam.errors import DamError, PagesUnreadableError
from dam.media.archive.names import true_name
from dam.services.comic_import_service.known import RecordedComic
from dam.services.comic_import_service.reading import NO_DOCUMENT, ComicDocument
from dam.services.import_service import FileStatus
from dam.tasks.archives import MemberFailure


@dataclass(frozen=True, kw_only=True)
class FailedPage:
    """A page whose bytes cannot be read, or at which a system failed."""

    name: str
    error: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class ComicOutcome:
    """The outcome of importing one comic.

    Args:
        status: `added`: a new variant. `unchanged`: imported before from this path. `known`:
            imported before, but the archive came from another path or the folder was moved.
            `restored`: it was in the trash.
        pages: The number of its pages.
        error: The error class of what failed: the whole comic, its ComicInfo.xml alone, or the
            removal of its source files.
        message: The text of the error, or remarks.
        perhaps_of: An older comic that it may be another scan of, if its own was created.
        hint: What to do about the error.
        removed_sources: The number of its files that a move removed; of a dry run, would remove.
        left_out: The outcome is about no comic, but about the files and folders below the path that
            the selection left out: their number by rule.
    """

    path: str
    status: FileStatus
    variant_entity_id: EntityId | None = None
    concept_entity_id: EntityId | None = None
    concept_created: bool = False
    perhaps_of: EntityId | None = None
    pages: int = 0
    failed_pages: tuple[FailedPage, ...] = ()
    error: str | None = None
    message: str | None = None
    hint: str | None = None
    removed_sources: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_failure(self) -> bool:
        """Whether the comic, its document or one of its pages failed."""
        return self.error is not None or bool(self.failed_pages)


def imported_comic(
    path: str,
    status: FileStatus,
    comic: RecordedComic,
    failed: Sequence[FailedPage] = (),
    document: ComicDocument = NO_DOCUMENT,
    remarks: Sequence[str] = (),
) -> ComicOutcome:
    """Return the outcome of a comic that is recorded, or would be without the dry run."""
    error = document.error
    likeness = _remarks_on_likeness(comic)
    return ComicOutcome(
        path=path,
        status=status,
        variant_entity_id=comic.variant_entity_id,
        concept_entity_id=comic.concept_entity_id,
        concept_created=comic.concept_created,
        perhaps_of=comic.perhaps_of,
        pages=comic.pages,
        failed_pages=tuple(failed),
        error=type(error).__name__ if error else None,
        message="; ".join([error.message, *likeness] if error else [*remarks, *likeness]) or None,
        hint=error.hint if error else None,
    )


def _remarks_on_likeness(comic: RecordedComic) -> list[str]:
    if comic.perhaps_of is None:
        return []
    said = f"perhaps another scan of comic {comic.perhaps_of}"
    variant = comic.variant_entity_id
    if variant is None:
        return [said]
    join = f"`comic unlink {variant}`, then `comic link {comic.perhaps_of} {variant}`"
    return [f"{said}; if so: {join}"]


def failed_comic(path: str, error: DamError) -> ComicOutcome:
    """Return the outcome of a comic that cannot be imported."""
    pages = error.pages if isinstance(error, PagesUnreadableError) else ()
    return ComicOutcome(
        path=path,
        status="failed",
        failed_pages=tuple(FailedPage(name=name, error=words) for name, words in pages),
        error=type(error).__name__,
        message=error.message,
        hint=error.hint,
    )


def failed_page(failure: MemberFailure) -> FailedPage:
    """Return a failed member of an archive as a failed page, by its true name."""
    name = true_name(failure.raw_name, failure.name)
    return FailedPage(name=name, error=failure.error.message, hint=failure.error.hint)
