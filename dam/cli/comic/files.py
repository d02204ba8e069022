"""`dam-cli comic import` and `export`: add comics, and write them to files."""

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dam.cli.comic.arguments import VariantArgument, resolve
from dam.cli.toolkit import completion
from dam.cli.toolkit.arguments import (
    Exclude,
    Extensions,
    Mode,
    NoDefaultExcludes,
    NoProcess,
    NullSeparated,
    PathArguments,
    RespectNomedia,
    read_paths,
    read_selection,
)
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.failure_report import FailureReport, skip_report
from dam.cli.toolkit.moves import removal_text, status_word, status_words
from dam.cli.toolkit.output import counted, emit_json, emit_jsonl, sentence, show, talk
from dam.cli.toolkit.progress import progress_bar
from dam.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dam.app import World
    from dam.services.comic_export_service import ConvertedPage, ExportedComic
    from dam.services.comic_import_service import ComicImportOptions, ComicOutcome, FailedPage
    from dam.services.import_service import FileStatus

OptionalConcept = Annotated[
    str | None,
    typer.Option(
        "--concept",
        metavar="ID",
        help="Make them variants of this comic.",
        autocompletion=completion.ids("comic"),
    ),
]


@command(
    "import",
    changes=True,
    streams=True,
    examples=(
        "dam-cli comic import 'Saga 001 (2012).cbz'",
        "dam-cli comic import -r ~/Comics",
    ),
)
def import_comic(  # noqa: PLR0913 - one for each option
    state: State,
    paths: PathArguments,
    *,
    recursive: Annotated[
        bool,
        typer.Option(
            "--recursive", "-r", help="Each folder with pictures in it is a comic of its own."
        ),
    ] = False,
    as_one: Annotated[
        bool, typer.Option("--as-one", help="All pictures below a folder are one comic.")
    ] = False,
    extract: Annotated[
        bool, typer.Option("--extract", help="Store the pages of archives as files of their own.")
    ] = False,
    concept: OptionalConcept = None,
    mode: Mode = None,
    no_process: NoProcess = False,
    exclude: Exclude = None,
    extensions: Extensions = None,
    no_default_excludes: NoDefaultExcludes = False,
    respect_nomedia: RespectNomedia = False,
    null: NullSeparated = False,
) -> ExitCode:
    """Add comics: archives, and folders of pictures.

    CBZ, CBR, CB7 and CBT archives are recognised by their content. An archive is stored as it is;
    its pages are assets whose bytes stay in it. ComicInfo.xml, or else the file's name, says which
    comic it is a variant of. If there is no such comic yet, it is created. A comic that was
    imported before stays as it is, with all your changes.

    A folder with pictures is one comic of all pictures in it and below. A folder with archives, in
    it or below, is a library: each archive is a comic, and so is each folder with pictures in it.
    Pictures beside archives are covers and left out. If only subfolders have pictures, give -r, and
    each is a comic, or --as-one, and all are the chapters of one comic. A folder that is a comic
    already stays one. In folders, `add-asset --help` says what is left out.
    """
    from dam.cli.toolkit.running import run_in_world

    if recursive and as_one:
        raise UsageError("found both -r and --as-one; expected one of them", "give only one")
    chosen = [str(path) for path in read_paths(paths, null_separated=null)]
    selection = read_selection(
        exclude,
        extensions,
        no_default_excludes=no_default_excludes,
        respect_nomedia=respect_nomedia,
    )

    async def work(world: "World") -> ExitCode:
        from dam.services.comic_import_service import ComicImportOptions

        concept_id = None if concept is None else (await resolve(world, concept))[0]
        options = ComicImportOptions(
            mode=mode or "copy",
            is_recursive=recursive,
            is_as_one=as_one,
            is_extracted=extract,
            concept_entity_id=concept_id,
            is_dry_run=state.is_dry_run,
            selection=selection,
        )
        return await _import(state, world, chosen, options, is_processed=not no_process)

    return run_in_world(state, work)


async def _import(
    state: State,
    world: "World",
    paths: list[str],
    options: "ComicImportOptions",
    *,
    is_processed: bool,
) -> ExitCode:
    from dam.cli.toolkit.work_progress import import_progress
    from dam.services.comic_import_service import add_comics, count_comics, import_comics

    report = _Report(state, is_move=options.mode == "move")
    count = partial(count_comics, world, paths, options)
    async with import_progress(state, "adding comics", count) as progress:

        def take(outcome: "ComicOutcome") -> None:
            report.take(outcome)
            progress.advance()

        wait = progress.wait_for_gc
        try:
            if is_processed and not options.is_dry_run:
                await add_comics(world, paths, options, take, progress.observer, wait)
            else:
                await import_comics(world, paths, options, take, on_wait=wait)
        except BaseException:
            report.tell_failures()
            raise
    return await report.end(world)


class _Report:
    """Reports the outcome of each comic of an import as it arrives, and then sums up."""

    def __init__(self, state: State, *, is_move: bool) -> None:
        self._counts: Counter[FileStatus] = Counter()
        self._removed_sources = 0
        self._is_move = is_move
        self._state = state
        self._outcomes: list[ComicOutcome] = []
        self._paths: dict[int, str] = {}
        self._failures = FailureReport("`comic import --json` lists all")
        self._skipped = skip_report()
        self._has_failed = False

    def take(self, outcome: "ComicOutcome") -> None:
        """Report the outcome of one comic."""
        if not outcome.left_out:  # that is about no comic
            self._counts[outcome.status] += 1
        self._removed_sources += outcome.removed_sources
        self._has_failed = self._has_failed or outcome.is_failure
        if outcome.variant_entity_id is not None:
            self._paths[outcome.variant_entity_id] = outcome.path
        if self._state.is_json:  # only --json needs them all at the end
            self._outcomes.append(outcome)
        if outcome.status == "skipped" and outcome.error is None:
            self._skipped.take(outcome.path, message=outcome.message)
        _tell(self._state, outcome, self._failures, is_move=self._is_move)

    def tell_failures(self) -> None:
        """Report on stderr what was skipped and what failed so far."""
        if not (self._state.is_quiet or self._state.is_json or self._state.is_jsonl):
            self._skipped.tell()
        self._failures.tell()

    async def end(self, world: "World") -> ExitCode:
        """Report the failures of systems on the pages, sum up, and return the exit code."""
        from dam.services.comic_import_service import FailedPage
        from dam.services.failure_service import failures_of_pages

        failures = {
            variant: [
                FailedPage(
                    name=one.name or str(one.entity_id),
                    error=f"{one.system}: {one.message}",
                    hint=one.hint,
                )
                for one in found
            ]
            for variant, found in (await world.read(failures_of_pages, self._paths)).items()
        }
        for variant, pages in failures.items():
            _take_pages(self._failures, self._paths[variant], pages)
        self.tell_failures()
        if self._state.is_json:
            emit_json([_with_page_failures(outcome, failures) for outcome in self._outcomes])
        elif not self._state.is_jsonl:
            sentence(self._summary_line())
        return ExitCode.ITEMS_FAILED if self._has_failed or failures else ExitCode.OK

    def _summary_line(self) -> str:
        is_plan = self._state.is_dry_run
        counts = status_words(self._counts.items(), is_move=self._is_move)
        listed = ", ".join(f"{count} {word}" for word, count in counts.items())
        text = f"{'would be: ' if is_plan else ''}{listed or 'nothing found'}"
        return text + removal_text(self._removed_sources, is_plan=is_plan)


@command(
    "export",
    changes=True,
    examples=(
        "dam-cli comic export 34 --output saga.cbz",
        "dam-cli comic export 34 --output saga.pdf",
    ),
)
def export_comic(
    state: State,
    variant: VariantArgument,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="PATH", help="FILE.cbz, FILE.pdf, or a new folder."),
    ],
) -> ExitCode:
    """Write a variant to a CBZ, a PDF or a folder.

    A CBZ or a folder has the pages' own bytes. A PDF keeps JPEG, JPEG 2000 and most PNG pictures as
    they are, and the pixels of all others without loss. Pictures that a PDF cannot hold, such as
    WebP with transparency, are converted without visible loss and named. A damaged picture has a
    page that shows what is left of it, or only its name. The same variant always gives the same
    file. Existing files are never overwritten.
    """
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> "ExportedComic":
        from dam.services.comic_export_service import export_comic

        (variant_id,) = await resolve(world, variant)
        with progress_bar(state, "exporting") as advance:
            return await export_comic(
                world, variant_id, output, advance, is_dry_run=state.is_dry_run
            )

    def people(done: "ExportedComic") -> None:
        said = "would write" if state.is_dry_run else "wrote"
        sentence(f"{said} {counted(done.pages, 'page')} to {done.path}")
        for old_format, numbers in _converted(done.converted).items():
            pages = f"page{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
            talk(state, f"converted: {pages}: a PDF cannot hold this {old_format} as it is")

    done = run_in_world(state, work, only_reads=True)
    show(state, done, people)
    failures = FailureReport("`--json` lists all")
    for page in done.failed_pages:
        failures.take(f"page {page.page_number}", page.name, message=page.message, hint=page.hint)
    failures.tell()
    return ExitCode.ITEMS_FAILED if done.failed_pages else ExitCode.OK


def _converted(pages: "Iterable[ConvertedPage]") -> dict[str, list[int]]:
    """Return the numbers of converted pages by their old format."""
    numbers: dict[str, list[int]] = {}
    for page in pages:
        numbers.setdefault(page.format, []).append(page.page_number)
    return numbers


def _with_page_failures(
    outcome: "ComicOutcome", failures: "Mapping[int, Sequence[FailedPage]]"
) -> "ComicOutcome":
    of_systems = failures.get(outcome.variant_entity_id or 0, ())
    return replace(outcome, failed_pages=(*outcome.failed_pages, *of_systems))


def _tell(state: State, outcome: "ComicOutcome", failures: FailureReport, *, is_move: bool) -> None:
    if state.is_jsonl:
        emit_jsonl(outcome)
    elif not state.is_json and outcome.status not in ("failed", "skipped"):
        sentence(_line(outcome, is_move=is_move))
    if outcome.error is not None:
        failures.take(outcome.path, message=outcome.message, hint=outcome.hint, error=outcome.error)
    elif outcome.message and outcome.status != "skipped":
        talk(state, f"note: {outcome.path}: {outcome.message}")
    _take_pages(failures, outcome.path, outcome.failed_pages)


def _take_pages(failures: FailureReport, path: str, pages: "Iterable[FailedPage]") -> None:
    for page in pages:
        failures.take(path, page.name, message=page.error, hint=page.hint)


def _line(outcome: "ComicOutcome", *, is_move: bool) -> str:
    """Return the row of one comic: the id of its variant first, the concept's later."""
    is_new = " (new)" if outcome.concept_created else ""
    cells = (
        outcome.variant_entity_id or "-",
        status_word(outcome.status, is_move=is_move),
        f"comic {outcome.concept_entity_id or '-'}{is_new}",
        counted(outcome.pages, "page"),
        outcome.path,
    )
    return "  ".join(map(str, cells))
