"""What became of a comic that was to be imported."""

from collections.abc import Sequence
from dataclasses import dataclass

from dam.core.ecs.components import EntityId
from dam.errors import DamError, PagesUnreadableError
from dam.media.archive.names import true_name
from dam.services.comic_import_service.known import RecordedComic
from dam.services.comic_import_service.reading import NO_DOCUMENT, ComicDocument
from dam.services.import_service import FileStatus
from dam.tasks.archives import MemberFailure


@dataclass(frozen=True, kw_only=True)
class FailedPage:
    """A page whose bytes cannot be had, or which a system failed at."""

    name: str
    error: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class ComicOutcome:
    """What became of one comic.

    Args:
        status: `added` is a new variant; `known` one whose archive came under another path, or
            whose folder was moved; `unchanged` one of the same path.
        pages: How many it has.
        error: What is wrong with the whole, or with its ComicInfo.xml alone.
        message: The words for that, or a remark.
        hint: What to do about it.
    """

    path: str
    status: FileStatus
    variant_entity_id: EntityId | None = None
    concept_entity_id: EntityId | None = None
    concept_created: bool = False
    pages: int = 0
    failed_pages: tuple[FailedPage, ...] = ()
    error: str | None = None
    message: str | None = None
    hint: str | None = None

    @property
    def is_failure(self) -> bool:
        """Whether something of it could not be had."""
        return self.error is not None or bool(self.failed_pages)


def imported_comic(
    path: str,
    status: FileStatus,
    comic: RecordedComic,
    failed: Sequence[FailedPage] = (),
    document: ComicDocument = NO_DOCUMENT,
    said: Sequence[str] = (),
) -> ComicOutcome:
    """Return the outcome of a comic that is in the world now, or would be after a plan."""
    error = document.error
    return ComicOutcome(
        path=path,
        status=status,
        variant_entity_id=comic.variant_entity_id,
        concept_entity_id=comic.concept_entity_id,
        concept_created=comic.concept_created,
        pages=comic.pages,
        failed_pages=tuple(failed),
        error=type(error).__name__ if error else None,
        message=error.message if error else "; ".join(said) or None,
        hint=error.hint if error else None,
    )


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
    """Return a member whose bytes cannot be had, by its true name."""
    name = true_name(failure.raw_name, failure.name)
    return FailedPage(name=name, error=failure.error.message, hint=failure.error.hint)
