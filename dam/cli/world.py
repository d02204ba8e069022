"""`dam-cli setup-db`, `list-worlds`, `status` and `doctor`: worlds and their databases."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from dam.cli.toolkit.arguments import Yes
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.output import (
    complain,
    confirm,
    counted,
    name_failure,
    sentence,
    show,
    size_text,
    table,
)
from dam.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dam.app import World, WorldConfig
    from dam.services.config_service import ShownSetting
    from dam.services.doctor_service import DatabaseHealth, Diagnosis, FolderHealth, LostStore
    from dam.services.plugin_service import PluginInDatabase
    from dam.services.privacy_service import OpenPath
    from dam.services.schema_service import DroppedPlugin, Forgotten, SetUp
    from dam.services.status_service import WorldPlace, WorldStatus


@command(
    changes=True,
    examples=(
        "dam-cli setup-db",
        "dam-cli setup-db --reset --dry-run",
    ),
)
def setup_db(
    state: State,
    *,
    reset: Annotated[
        bool, typer.Option("--reset", help="Empty the database of the world; stored files stay.")
    ] = False,
    drop: Annotated[
        str | None,
        typer.Option(
            "--drop-plugin",
            metavar="NAME",
            help="Instead, drop the tables of a plugin, installed or not.",
        ),
    ] = None,
    is_agreed: Yes = False,
) -> None:
    """Create or upgrade the tables of a world.

    Those of its plugins, too. Before a SQLite database is changed, a dated copy is saved beside it.
    """
    from dam.app import load_settings, world_config
    from dam.cli.toolkit.logs import begin_logs
    from dam.services import status_service

    if reset and drop is not None:
        raise UsageError("--reset is given with --drop-plugin", "leave one of them out")
    settings = load_settings()
    begin_logs(state, settings)
    config = world_config(state.world, settings)
    (place,) = (one for one in status_service.list_worlds(settings) if one.name == config.name)
    where = f"{config.name!r} ({place.database})"
    if drop is not None:
        _drop_plugin(state, config, drop, f"world {where}", is_agreed=is_agreed)
        return
    _set_up(state, config, f"world {where}", reset=reset, is_agreed=is_agreed)


def _set_up(
    state: State, config: "WorldConfig", where: str, *, reset: bool, is_agreed: bool
) -> None:
    from dam.app import load_parts
    from dam.services import schema_service

    def people(done: "SetUp") -> None:
        verb = "would be" if state.is_dry_run else "is"
        what = "set up" if done.created else "up to date"
        sentence(f"world {done.world!r} {verb} {what}: {done.database}, schema {done.revision}")
        for one in done.plugins:
            what = "set up" if one.created else "up to date"
            sentence(f"plugin {one.plugin!r} {verb} {what}: revision {one.revision}")
        if done.forgotten is not None:
            verb = "would forget" if state.is_dry_run else "forgot"
            sentence(f"{verb} {_forgotten(done.forgotten)}; the stored files stay")
        _show_saved_copy(done.saved_copy)

    plugins, _, unloaded = load_parts(config, plugins=not state.without_plugins)
    if reset and not state.is_dry_run and not is_agreed:
        planned = schema_service.set_up(config, plugins=plugins, reset=True, dry_run=True)
        held = "" if planned.forgotten is None else f": {_forgotten(planned.forgotten)}"
        confirm(f"Forget everything in {where}{held}; the stored files stay?", is_agreed=False)
    done = schema_service.set_up(config, plugins=plugins, reset=reset, dry_run=state.is_dry_run)
    show(state, done, people)
    for error in unloaded:
        complain(f"left out: {error.message}")


def _forgotten(found: "Forgotten") -> str:
    assets, comics = (
        f"{count:,} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((found.assets, "asset"), (found.comics, "comic"))
    )
    return f"{assets} and {comics}"


def _drop_plugin(
    state: State, config: "WorldConfig", plugin: str, where: str, *, is_agreed: bool
) -> None:
    from dam.app import load_parts
    from dam.services import schema_service

    def people(done: "DroppedPlugin") -> None:
        verb = "would drop" if state.is_dry_run else "dropped"
        rows = counted(sum(done.tables.values()), "row")
        tables, failures = counted(len(done.tables), "table"), counted(done.failures, "failure")
        sentence(f"{verb} {tables} of plugin {plugin!r} ({rows}), and {failures} of its systems")
        _show_saved_copy(done.saved_copy)

    _, kinds, _ = load_parts(config, plugins=False)
    names = [kind.name for kind in kinds]
    planned = schema_service.drop_plugin(config, plugin, dry_run=True)
    if not state.is_dry_run:
        confirm(f"Drop all that plugin {plugin!r} keeps in {where}?", is_agreed=is_agreed)
        planned = schema_service.drop_plugin(config, plugin, built_in_kinds=names)
    show(state, planned, people)


def _show_saved_copy(copy: "Path | None") -> None:
    if copy is not None:
        sentence(f"copy of the database before the change: {copy}")


@command(examples=("dam-cli list-worlds",))
def list_worlds(state: State) -> None:
    """List the worlds. Shows where each is kept, and where that is set."""
    from dam.app import load_settings
    from dam.services import status_service

    def people(worlds: "Sequence[WorldPlace]") -> None:
        rows = [
            (one.name, "default" if one.default else None, one.database, one.storage, _origin(one))
            for one in worlds
        ]
        table(rows, ("name", "default", "database", "storage", "set in"))

    show(state, status_service.list_worlds(load_settings()), people)


def _origin(place: "WorldPlace") -> str | None:
    """Return where a world is set: `/home/ann/.config/dam/config.toml`; None if it is not."""
    origins = {place.database_origin, place.storage_origin} - {"default"}
    return ", ".join(sorted(origins)) or None


@command(
    examples=(
        "dam-cli status",
        "dam-cli -w comics status --json",
    )
)
def status(state: State) -> None:
    """Show what a world holds, and its pending work.

    It also says where the settings come from.
    """
    from dam.cli.toolkit.running import run_in_world

    async def work(world: "World") -> "WorldStatus":
        from dam.app import load_settings
        from dam.services import config_service, status_service

        settings = config_service.settings_of(load_settings(), world.config.name)
        return replace(await world.read(status_service.status), settings=settings)

    show(state, run_in_world(state, work), _show_status)


def _show_status(found: "WorldStatus") -> None:
    sentence(
        f"world {found.world!r}: {found.assets:,} assets, {size_text(found.size_bytes)}, "
        f"{found.entities:,} entities"
    )
    pending = [f"{rows:,} {marker}" for marker, rows in found.pending.items() if rows]
    hint = " (`dam-cli process`)" if pending else ""
    sentence(f"pending: {', '.join(pending) or 'nothing'}{hint}")
    if found.trashed:
        sentence(f"in the trash: {counted(found.trashed, 'asset')} (`dam-cli trash list`)")
    sentence(f"failures: {found.failures:,}{' (`dam-cli failures`)' if found.failures else ''}")
    if found.pending_removals:
        files = counted(found.pending_removals, "file")
        hint = "run `dam-cli process` on the machine that has them"
        sentence(f"moved and still to be removed: {files} ({hint})")
    _show_absent_plugins(found.plugins)
    _show_origins(found.settings)
    rows = [
        (name, count)
        for name, count in found.components.items()
        if count and name not in found.pending
    ]
    if rows:
        sentence("")
        table(rows, ("component", "rows"))


def _show_origins(settings: "Sequence[ShownSetting]") -> None:
    """Tell what is set and where; what is not set has its default."""
    names: dict[str, list[str]] = {}
    for one in settings:
        names.setdefault(one.origin, []).append(one.name)
    names.pop("default", None)
    for origin, found in names.items():
        sentence(f"set in {origin}: {', '.join(found)}")


def _show_absent_plugins(plugins: "Sequence[PluginInDatabase]") -> None:
    for one in plugins:
        if not one.is_loaded:
            rows, pending = sum(one.tables.values()), sum(one.pending.values())
            sentence(
                f"plugin {one.plugin!r} is not loaded, but has {counted(rows, 'row')}, "
                f"{pending:,} pending and {counted(one.failures, 'failure')} "
                f"(`dam-cli setup-db --drop-plugin {one.plugin}` drops them)"
            )


@command(
    changes=True,
    examples=(
        "dam-cli doctor",
        "dam-cli doctor --fix --dry-run",
    ),
)
def doctor(
    state: State,
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Close the files and folders of the world to other users.")
    ] = False,
    store_is_lost: Annotated[
        bool,
        typer.Option(
            "--store-is-lost", help="Start a new store: the disk of the old one will not come back."
        ),
    ] = False,
    is_agreed: Yes = False,
) -> ExitCode:
    """Check everything that a world needs.

    Checks the database, the folders and the decoders, and changes nothing without --fix or
    --store-is-lost. Exit code 5 means that something needed does not work. Files and folders that
    other users may read are listed, but are no fault: a group may share a world on purpose.

    If the store has none of the files that the database knows, its disk is probably not mounted,
    and no command writes to it. If it is lost for good, --store-is-lost makes a new store in its
    place. Then `verify` lists what is missing, and `add-asset` of the same files brings it back.
    """
    from dam.app import load_parts, load_settings, world_config
    from dam.cli.toolkit.logs import begin_logs
    from dam.cli.toolkit.running import run_async
    from dam.services import doctor_service

    settings = load_settings()
    begin_logs(state, settings)
    config = world_config(state.world, settings)
    is_configured = settings.world(state.world).is_configured
    lost = _begin_store_anew(state, config, is_agreed=is_agreed) if store_is_lost else None
    plugins, kinds, unloaded = load_parts(config, plugins=not state.without_plugins)
    result = run_async(
        lambda: doctor_service.examine(
            config,
            is_configured=is_configured,
            closes_paths=fix and not state.is_dry_run,
            kinds=kinds,
            plugins=plugins,
            unloaded=unloaded,
        )
    )
    result = replace(result, lost_files=None if lost is None else lost.files)

    def people(found: "Diagnosis") -> None:
        if found.lost_files is not None:
            _show_lost_store(found.lost_files, is_plan=state.is_dry_run)
        _show_diagnosis(found, is_plan=fix and state.is_dry_run)

    show(state, result, people)
    left = [one for one in result.readable_by_others if one.message]
    for one in left:
        name_failure(one.path, message=one.message)
    if not result.ok:
        return ExitCode.ENVIRONMENT
    return ExitCode.ITEMS_FAILED if left else ExitCode.OK


def _begin_store_anew(state: State, config: "WorldConfig", *, is_agreed: bool) -> "LostStore":
    from dam.cli.toolkit.running import run_async
    from dam.services import doctor_service

    lost = run_async(lambda: doctor_service.find_lost_store(config))
    if not state.is_dry_run:
        question = (
            f"Start a new store in {lost.root} for world {config.name!r}? "
            f"The {lost.files:,} stored files that the database knows then count as missing."
        )
        confirm(question, is_agreed=is_agreed)
        run_async(lambda: doctor_service.begin_store_anew(config))
    return lost


def _show_lost_store(files: int, *, is_plan: bool) -> None:
    sentence(
        f"a new store {'would be' if is_plan else 'is'} started; {files:,} files are missing: "
        "`dam-cli verify` lists them, `dam-cli add-asset` of the same files brings them back"
    )


def _show_diagnosis(result: "Diagnosis", *, is_plan: bool) -> None:
    _show_health("database", result.database, result.database.url)
    for name, folder in (("storage", result.storage), ("cache", result.cache)):
        free = "" if folder.free_bytes is None else f", {size_text(folder.free_bytes)} free"
        _show_health(name, folder, folder.path + free)
    isolation = result.isolation
    sentence(f"isolation: {'ok' if isolation.ok else 'incomplete'}, {isolation.message}")
    _show_open_paths(result.readable_by_others, is_plan=is_plan)
    for fault in result.plugin_faults:
        sentence(f"plugin {fault.name!r}: FAILED, {fault.message}")
        sentence(f"  hint: {fault.hint}")
    _show_absent_plugins(result.plugins)
    sentence("")
    table(
        [(name, found.version or "missing", found.hint) for name, found in result.decoders.items()],
        ("decoder", "version", "hint"),
    )


def _show_open_paths(paths: "Sequence[OpenPath]", *, is_plan: bool) -> None:
    for one in paths:
        if one.is_closed:
            sentence(f"closed to other users: {one.path} (was {one.mode})")
        else:
            would = ", would be closed" if is_plan else ""
            sentence(f"readable by others: {one.path} ({one.mode}{would})")
    if not is_plan and any(not one.is_closed and one.message is None for one in paths):
        sentence("  hint: run `dam-cli doctor --fix`, unless a group shares this world on purpose")


def _show_health(name: str, health: "DatabaseHealth | FolderHealth", where: str) -> None:
    sentence(f"{name}: {'ok' if health.ok else 'FAILED'}, {health.message} ({where})")
    if health.hint:
        sentence(f"  hint: {health.hint}")
