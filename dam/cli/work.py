"""`dam-cli process` and `retry`: work that is pending, and work that failed."""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from dam.cli.toolkit import completion
from dam.cli.toolkit.arguments import NullSeparated, QueryOption, read_chosen_or_all
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.failure_report import FailureReport
from dam.cli.toolkit.output import (
    counted,
    emit_json,
    name_failure,
    sentence,
    table,
)
from dam.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dam.app import World
    from dam.services.failure_service import Failure
    from dam.services.process_service import Processed, Retried

_Work: TypeAlias = "tuple[Processed, Sequence[Failure]]"


@command(
    changes=True,
    examples=(
        "dam-cli process",
        "dam-cli process --outdated --dry-run",
        "dam-cli process --stage content-analysis",
    ),
)
def process(
    state: State,
    stage: Annotated[
        str | None,
        typer.Option(
            metavar="STAGE",
            help="Run only this stage, such as content-analysis.",
            autocompletion=completion.stages,
        ),
    ] = None,
    mark: Annotated[
        str | None,
        typer.Option(
            metavar="MARKER",
            help="First mark old assets with this, as imports mark new ones.",
            autocompletion=completion.markers,
        ),
    ] = None,
    outdated: Annotated[
        bool, typer.Option("--outdated", help="First mark what an older version of dam computed.")
    ] = False,
) -> ExitCode:
    """Run pending work.

    `add-asset` does this by itself. Run it for work left by --no-process or by an interruption.
    After an update of dam, --mark finds out more about old assets, and --outdated repeats what the
    new version does better. The command also removes the source files that an interrupted move has
    stored and not removed yet.
    """
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> "_Work":
        return await _process(state, world, marker_name=mark, stage=stage, marks_outdated=outdated)

    processed, failures = run_in_world(state, work)
    has_failed = _report(processed, failures)
    if state.is_json:
        emit_json(_work_json(processed, failures))
    else:
        _show_processed(processed, is_plan=state.is_dry_run)
    return ExitCode.ITEMS_FAILED if has_failed else ExitCode.OK


async def _process(
    state: State,
    world: "World",
    *,
    stage: str | None = None,
    marker_name: str | None = None,
    marks_outdated: bool = False,
) -> "_Work":
    """Run pending work; return what was done, and the failures of this run."""
    from dam.cli.toolkit.work_progress import work_progress
    from dam.services import failure_service, process_service

    since = world.context.now()
    with work_progress(state) as observer:
        processed = await process_service.process(
            world,
            stages=[stage] if stage else [],
            marker_name=marker_name,
            observer=observer,
            marks_outdated=marks_outdated,
            is_dry_run=state.is_dry_run,
        )
    if not processed.failed:
        return processed, []
    return processed, await world.read(
        failure_service.list_failures, since=since, includes_dismissed=True
    )


def _report(processed: "Processed", failures: "Sequence[Failure]") -> bool:
    """Name what failed on stderr; tell whether anything did."""
    report = FailureReport("`dam-cli failures` lists all")
    for path, error in processed.left_sources:
        kind = type(error).__name__
        report.take(path, message=error.message, hint=error.hint, error=kind)
    for failure in failures:
        name = f"{failure.entity_id} {failure.name}" if failure.name else failure.entity_id
        facts = ("message", "hint", "system", "error")
        report.take(name, **{fact: getattr(failure, fact) for fact in facts})
    report.tell()
    return bool(processed.failed or processed.left_sources)


def _work_json(processed: "Processed", failures: "Sequence[Failure]") -> dict[str, Any]:
    return {
        "processed": processed.processed,
        "failed": processed.failed,
        "failures": failures,
        "removed_sources": processed.removed_sources,
    }


def _show_processed(result: "Processed", *, is_plan: bool) -> None:
    removed = result.removed_sources
    if removed:
        said = "would remove" if is_plan else "removed"
        sentence(f"{said} {counted(removed, 'file')} left by an interrupted move")
    rows = [(system, count) for system, count in result.processed.items() if count]
    if not rows:
        if not removed:
            sentence("nothing is pending")
        return
    table(rows, ("system", "would work on" if is_plan else "worked on"))
    if result.failed:
        sentence(f"{result.failed} failed; `dam-cli failures` lists open failures")


@command(
    changes=True,
    examples=(
        "dam-cli retry",
        "dam-cli retry 12 --system analyse_images",
    ),
)
def retry(
    state: State,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID",
            help="Ids or sha256:… prefixes; - reads them from stdin. Default: all.",
            autocompletion=completion.ids("failed"),
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(
            metavar="SYSTEM",
            help="Only failures of this system.",
            autocompletion=completion.systems,
        ),
    ] = None,
    query: QueryOption = None,
    *,
    no_process: Annotated[
        bool, typer.Option("--no-process", help="Only mark it; `process` does it later.")
    ] = False,
    forget_unknown: Annotated[
        bool,
        typer.Option(
            "--forget-unknown",
            help="Instead, delete the failures of systems that are not installed now.",
        ),
    ] = False,
    null: NullSeparated = False,
) -> ExitCode:
    """Try failed work again, and all that is pending.

    With --no-process it is only marked, and done by the next `process`.
    """
    from dam.cli.toolkit.running import run_in_world

    if forget_unknown:
        _forget_unknown(state, ids or query, system)
        return ExitCode.OK
    chosen = read_chosen_or_all(ids, query, null_separated=null)

    async def work(world: "World") -> "tuple[Retried, _Work | None]":
        from dam.services.process_service import retry

        given = None if chosen is None else await chosen.in_world(world)
        marked = await retry(world, given, system=system, is_dry_run=state.is_dry_run)
        if no_process or state.is_dry_run or not marked.marked:
            return marked, None
        return marked, await _process(state, world)

    return _end_retry(state, *run_in_world(state, work))


def _end_retry(state: State, result: "Retried", done: "_Work | None") -> ExitCode:
    from dam.services.process_service import Processed

    has_failed = bool(result.unknown)
    for name, count in result.unknown.items():
        name_failure(
            f"{count} of system {name!r}",
            message="this world has no such system now",
            hint="install its plugin, or delete them with --forget-unknown",
        )
    if done is not None:
        has_failed = _report(*done) or has_failed
    if state.is_json:
        work = done or (Processed(processed={}, failed=0), [])
        emit_json({"marked": result.marked, "unknown": result.unknown, **_work_json(*work)})
    elif not result.marked:
        sentence("there is nothing to retry")
    elif state.is_dry_run:
        sentence(f"would try {counted(result.marked, 'failure')} again")
    elif done is None:
        sentence(
            f"marked {result.marked} to be tried again; nothing ran yet: run `dam-cli process`"
        )
    else:
        sentence(f"tried {counted(result.marked, 'failure')} again")
        _show_processed(done[0], is_plan=False)
    return ExitCode.ITEMS_FAILED if has_failed else ExitCode.OK


def _forget_unknown(state: State, ids: "Sequence[str] | str | None", system: str | None) -> None:
    from dam.cli.toolkit.running import run_in_world

    if ids or state.without_plugins:
        found = "ids" if ids else "--no-plugins, which makes all systems of plugins unknown"
        raise UsageError(f"--forget-unknown is given with {found}", "leave one of them out")

    async def work(world: "World") -> "dict[str, int]":
        from dam.services import failure_service

        return await failure_service.forget_unknown(
            world, system=system, is_dry_run=state.is_dry_run
        )

    forgotten = run_in_world(state, work)
    if state.is_json:
        emit_json({"marked": 0, "unknown": {}, "forgotten": forgotten})
    elif not forgotten:
        sentence("there is nothing to forget")
    for name, count in ({} if state.is_json else forgotten).items():
        verb = "would forget" if state.is_dry_run else "forgot"
        sentence(f"{verb} {counted(count, 'failure')} of system {name!r}")
