"""`dam-cli add-asset`: adds files to a world."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from dam.cli.toolkit.moves import removal_text, status_words
from dam.cli.toolkit.output import (
    emit_json,
    emit_jsonl,
    sentence,
    size_text,
)
from dam.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.failure_service import Failure
    from dam.services.import_service import (
        FileOutcome,
        FileStatus,
        ImportOptions,
        ImportReport,
    )


_STATUSES: tuple["FileStatus", ...] = (
    "added",
    "restored",
    "known",
    "unchanged",
    "skipped",
    "failed",
)
_JSONL_FIELDS = (
    "path",
    "status",
    "entity_id",
    "sha256",
    "inherited_from",
    "error",
    "message",
    "hint",
)


@command(
    changes=True,
    streams=True,
    examples=(
        "dam-cli add-asset ~/Pictures",
        "dam-cli add-asset --mode reference --exclude '*.tmp' /media/archive",
        "find . -name '*.png' -print0 | dam-cli add-asset -0 -",
    ),
)
def add_asset(  # noqa: PLR0913 - one for each option
    state: State,
    paths: PathArguments,
    recursive: Annotated[  # noqa: ARG001 - accepted for scripts that give it
        bool, typer.Option("--recursive", "-r", help="Not needed: folders are gone into anyway.")
    ] = False,
    mode: Mode = None,
    no_copy: Annotated[
        bool, typer.Option("--no-copy", help="The same as --mode reference.")
    ] = False,
    no_process: NoProcess = False,
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read files again even if they look unchanged.")
    ] = False,
    *,
    exclude: Exclude = None,
    extensions: Extensions = None,
    no_default_excludes: NoDefaultExcludes = False,
    respect_nomedia: RespectNomedia = False,
    null: NullSeparated = False,
) -> ExitCode:
    """Add files and folders, and describe them.

    Content that the store already has is not stored again. After an interruption, run the same
    command again: it continues where it stopped.

    In folders, those of version control and of systems are left out, such as .git, @eaDir, #recycle
    and .Trash-1000, and what a file .damignore says, in the syntax of .gitignore. A path that is
    given is never left out.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.import_service import ImportOptions

    chosen = [str(path) for path in read_paths(paths, null_separated=null)]
    if no_copy and mode not in (None, "reference"):
        raise UsageError(
            f"--no-copy means --mode reference; found --mode {mode}", "give only one of them"
        )
    options = ImportOptions(
        mode="reference" if no_copy else mode or "copy",
        is_recursive=True,
        is_rehash=rehash,
        is_dry_run=state.is_dry_run,
        selection=read_selection(
            exclude,
            extensions,
            no_default_excludes=no_default_excludes,
            respect_nomedia=respect_nomedia,
        ),
    )
    run = _Run(state, chosen, options, is_processed=not (no_process or state.is_dry_run))
    return run_in_world(state, run.work)


class _Run:
    """One run of the command: import, processing and report."""

    def __init__(
        self, state: State, paths: list[str], options: "ImportOptions", *, is_processed: bool
    ) -> None:
        self._state = state
        self._paths = paths
        self._options = options
        self._is_processed = is_processed
        self._failed: list[FileOutcome] = []
        self._moved = 0
        self._report = FailureReport("`add-asset --json` lists all")
        self._skipped = skip_report()
        self._has_worked = False

    async def work(self, world: "World") -> ExitCode:
        """Import and process the files, write the report, and return the exit code."""
        from dam.services.failure_service import failures_at
        from dam.services.import_service import failures_of_run

        started = time.monotonic()
        since = world.context.now()
        try:
            report = await self._import(world)
        except BaseException:
            self._tell_reports()
            raise
        if self._is_processed:
            failures = await world.read(failures_of_run, self._paths, since=since)
        else:  # a dry run notes no file as seen, so ask for failures of any time
            seen_since = None if self._state.is_dry_run else since
            failures = await world.read(failures_at, self._paths, since=seen_since)
        elapsed_s = time.monotonic() - started
        summary = _summary(world.config.name, report, self._failed, failures, elapsed_s)
        summary["removed_sources"] = self._moved
        self._tell(summary)
        return ExitCode.ITEMS_FAILED if summary["failures"] else ExitCode.OK

    async def _import(self, world: "World") -> "ImportReport":
        from dam.cli.toolkit.work_progress import import_progress
        from dam.services.import_service import add_files, count_files, import_files

        paths, options = self._paths, self._options
        count = partial(count_files, world, paths, options)
        async with import_progress(self._state, "adding files", count) as progress:

            def take(outcome: "FileOutcome") -> None:
                progress.advance()
                self._take(outcome)

            wait = progress.wait_for_gc
            if not self._is_processed:
                return await import_files(world, paths, options, take, on_wait=wait)
            report = await add_files(world, paths, options, take, progress.observer, wait)
            self._has_worked = progress.observer.done > 0
            return report

    def _take(self, outcome: "FileOutcome") -> None:
        if self._state.is_jsonl:
            emit_jsonl({name: getattr(outcome, name) for name in _JSONL_FIELDS})
        if self._options.mode == "move" and outcome.error is None:
            self._moved += outcome.status in ("added", "restored", "known", "unchanged")
        if outcome.error is not None:
            self._failed.append(outcome)
            self._report.take(
                outcome.path, message=outcome.message, hint=outcome.hint, error=outcome.error
            )
        elif outcome.status == "skipped":
            self._skipped.take(outcome.path, message=outcome.message)

    def _tell_reports(self) -> None:
        state = self._state
        if not (state.is_quiet or state.is_json or state.is_jsonl):
            self._skipped.tell()
        self._report.tell()

    def _tell(self, summary: dict[str, Any]) -> None:
        from dam.services.import_service import left_out_text

        for failure in summary["failures"]:
            if failure["system"]:
                facts = ("message", "hint", "system", "error")
                self._report.take(failure["path"], **{name: failure[name] for name in facts})
        self._tell_reports()
        if self._state.is_json:
            emit_json(summary)
        elif not self._state.is_jsonl:
            is_plan, has_worked = self._state.is_dry_run, self._has_worked
            is_move = self._options.mode == "move"
            sentence(
                _summary_line(summary, is_plan=is_plan, has_worked=has_worked, is_move=is_move)
            )
            if summary["left_out"]:
                sentence(left_out_text(summary["left_out"]))


def _summary(
    world: str,
    report: "ImportReport",
    failed: Sequence["FileOutcome"],
    failures: Sequence[tuple[str, "Failure"]],
    elapsed_s: float,
) -> dict[str, Any]:
    listed = [_failure_json(outcome.path, outcome, None) for outcome in failed]
    listed += [_failure_json(path, failure, failure.system) for path, failure in failures]
    return {
        "world": world,
        **{status: report.counts[status] for status in _STATUSES},
        "inherited": report.inherited,
        "left_out": dict(report.left_out),
        "open_failures": len(failures),
        "size_bytes": report.size_bytes,
        "elapsed_s": round(elapsed_s, 3),
        "failures": listed,
    }


def _failure_json(path: str, one: "FileOutcome | Failure", system: str | None) -> dict[str, Any]:
    return {
        "path": path,
        "entity_id": one.entity_id,
        "system": system,
        "error": one.error,
        "message": one.message,
        "hint": one.hint,
    }


def _summary_line(
    summary: Mapping[str, Any], *, is_plan: bool, has_worked: bool, is_move: bool
) -> str:
    words = status_words([(status, summary[status]) for status in _STATUSES], is_move=is_move)
    counts = ", ".join(f"{count} {word}" for word, count in words.items() if count)
    text = f"{'would be: ' if is_plan else ''}{counts or 'nothing found'}"
    if has_worked and not counts:
        text += "; ran pending work"
    text += removal_text(summary["removed_sources"], is_plan=is_plan)
    if summary["inherited"]:
        text += f"; {summary['inherited']} kept tags or pages of what they replace"
    if summary["open_failures"]:
        text += f"; {summary['open_failures']} could not be processed"
    return f"{text} ({size_text(summary['size_bytes'])} new, {summary['elapsed_s']:.1f} s)"
