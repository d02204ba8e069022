"""`dam-cli find-file-by-hash` and `find-similar-images`: finds assets by bytes or by looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dam.cli.toolkit import completion
from dam.cli.toolkit.arguments import NullSeparated, OneOfTwoError, parse_id, read_paths
from dam.cli.toolkit.cells import FileLink
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.failure_report import FailureReport
from dam.cli.toolkit.faults import report
from dam.cli.toolkit.listing import FormatOption, write_by_template
from dam.cli.toolkit.output import emit_jsonl, show, size_text, table, talk
from dam.errors import ExitCode, UnreadableQueryError

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.digest_service import FoundAsset
    from dam.services.likeness_service import LikenessOptions, SimilarImage

Digest = Literal["auto", "sha256", "md5", "sha1"]
Algorithm = Literal["phash", "dhash", "ahash"]

_OF_A_MATCH = ("file", "distance", "transform")
_HEADER = ("id", "distance", "transform", "pixels", "name", "size", "path")


@command(
    examples=(
        "dam-cli find-file-by-hash 9f86d081884c7d65",
        "dam-cli find-file-by-hash --file holiday.jpg",
    )
)
def find_file_by_hash(
    state: State,
    hash_: Annotated[
        str | None,
        typer.Argument(metavar="HASH", help="The hash in hex, or its first 8 or more digits."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Use the hash of this file.")
    ] = None,
    type_: Annotated[
        Digest, typer.Option("--type", help="The kind of hash; auto goes by its length.")
    ] = "auto",
    template: FormatOption = None,
) -> ExitCode:
    """Find assets by the hash of their bytes.

    Give a HASH or --file. With --type auto, a shortened hash is taken for a SHA-256.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.digest_service import find_by_digest, find_by_file, parse_digest

    if (hash_ is None) == (file is None):
        raise OneOfTwoError("HASH", "--file")
    wanted = None if hash_ is None else parse_digest(hash_, type_)

    async def find(world: "World") -> "list[FoundAsset]":
        if file is not None:
            return await find_by_file(world, file, type_)
        assert wanted is not None
        return await find_by_digest(world, wanted)

    async def work(world: "World") -> "list[FoundAsset]":
        found = await find(world)
        if template is not None:
            await write_by_template(state, world, template, [one.entity_id for one in found])
        return found

    found = run_in_world(state, work)
    if template is None:
        show(state, found, _show_files)
    for asset in found:
        if asset.is_trashed:
            back = f"`dam-cli restore-asset {asset.entity_id}` brings it back"
            talk(state, f"{asset.entity_id} is in the trash; {back}")
    return ExitCode.OK if found else ExitCode.NOTHING_FOUND


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was found for one of several files."""

    file: Path | int | str
    matches: "Sequence[SimilarImage]" = ()
    error: str | None = None
    message: str | None = None
    hint: str | None = None


@command(
    streams=True,
    examples=(
        "dam-cli find-similar-images holiday.jpg",
        "dam-cli find-similar-images --entity 12 --threshold 4 --transforms",
    ),
)
def find_similar_images(  # noqa: PLR0913 - one for each option
    state: State,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="Picture files; they need not be in the world. - reads them from stdin.",
        ),
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Compare with this asset instead of a file.",
            autocompletion=completion.ids("asset"),
        ),
    ] = None,
    algorithm: Annotated[Algorithm, typer.Option(help="The perceptual hash to compare.")] = "phash",
    threshold: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=64,
            metavar="N",
            help="At most N bits may differ; the default depends on the hash.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most N results for each file.")
    ] = None,
    *,
    transforms: Annotated[
        bool, typer.Option("--transforms", help="Also try the picture turned and mirrored, 8 ways.")
    ] = False,
    template: FormatOption = None,
    null: NullSeparated = False,
) -> ExitCode:
    """Find pictures that look like given ones.

    Give FILEs, or an asset with --entity. The nearest pictures come first. The distance is the
    number of bits, out of 64, in which the perceptual hashes differ. The path of a picture that is
    only in an archive is that of the archive and the name in it.

    With --format, {distance}, {transform} and {file} are fields, too.

    With --json, one file gives a list. Several files, and - and --jsonl, give an object for each
    file, with its matches.
    """
    from dam.services.likeness_service import LikenessOptions

    if (entity is None) == (not files):
        raise OneOfTwoError("FILE", "--entity")
    options = LikenessOptions(
        algorithm=algorithm, threshold=threshold, limit=limit, has_transforms=transforms
    )
    if entity is not None:
        return _find_like_one(state, parse_id(entity), options, template)
    given = files or []
    paths = list(read_paths(given, null_separated=null))
    if len(given) == 1 and given != ["-"] and not state.is_jsonl:
        return _find_like_one(state, paths[0], options, template)
    return _find_like_many(state, paths, options, template)


def _find_like_one(
    state: State, query: "Path | int | str", options: "LikenessOptions", template: str | None
) -> ExitCode:
    from dam.cli.toolkit.running import run_in_world
    from dam.services.asset_service import resolve_ids
    from dam.services.likeness_service import find_similar_to_entity, find_similar_to_file

    async def find(world: "World") -> "list[SimilarImage]":
        if isinstance(query, Path):
            return await find_similar_to_file(world, query, options)
        (entity_id,) = await world.read(resolve_ids, [query])
        return await find_similar_to_entity(world, entity_id, options)

    async def work(world: "World") -> "list[SimilarImage]":
        found = await find(world)
        if template is not None:
            await _write_similar(state, world, template, [Answer(file=query, matches=found)])
        return found

    try:
        found = run_in_world(state, work)
    except UnreadableQueryError as error:
        report(error, as_json=state.is_json)
        return ExitCode.ITEMS_FAILED
    if template is not None:
        pass
    elif state.is_jsonl:
        for match in found:
            emit_jsonl(match)
    else:
        show(state, found, _show_similar)
    return ExitCode.OK if found else ExitCode.NOTHING_FOUND


def _find_like_many(
    state: State, paths: Sequence[Path], options: "LikenessOptions", template: str | None
) -> ExitCode:
    from dam.cli.toolkit.running import run_in_world
    from dam.services.likeness_service import find_similar_to_file

    failed = FailureReport("`--json` lists all")

    async def find(world: "World", path: Path) -> Answer:
        try:
            return Answer(file=path, matches=await find_similar_to_file(world, path, options))
        except UnreadableQueryError as error:
            kind, message, hint = type(error).__name__, error.message, error.hint
            failed.take(path, message=message, hint=hint, error=kind)
            return Answer(file=path, error=kind, message=message, hint=hint)

    async def work(world: "World") -> list[Answer]:
        answers = []
        for path in paths:
            answers.append(await find(world, path))
            if state.is_jsonl and template is None:
                emit_jsonl(answers[-1])
        if template is not None:
            await _write_similar(state, world, template, answers)
        return answers

    answers = run_in_world(state, work)
    failed.tell()
    if not state.is_jsonl and template is None:
        show(state, answers, _show_answers)
    if any(answer.error for answer in answers):
        return ExitCode.ITEMS_FAILED
    has_found = any(answer.matches for answer in answers)
    return ExitCode.OK if has_found else ExitCode.NOTHING_FOUND


async def _write_similar(
    state: State, world: "World", template: str, answers: Sequence[Answer]
) -> None:
    """Write a line for each match by a template, which may also name what is said of the match."""
    pairs = [(answer.file, match) for answer in answers for match in answer.matches]
    more = [
        {
            "file": None if isinstance(file, int) else str(file),
            "distance": match.distance,
            "transform": match.transform,
        }
        for file, match in pairs
    ]
    found = [match.entity_id for _, match in pairs]
    await write_by_template(state, world, template, found, more, _OF_A_MATCH)


def _show_files(found: "Sequence[FoundAsset]") -> None:
    """Write one row for each place that has the bytes, and a single row where there is none."""
    rows = [
        (
            item.entity_id,
            item.mime_type,
            None if item.size_bytes is None else size_text(item.size_bytes),
            next(iter(item.names), None),
            path,
        )
        for item in found
        for path in [place.path for place in item.locations] or [None]
    ]
    table(rows, ("id", "type", "size", "name", "path"), nothing="nothing found")


def _show_similar(found: "Sequence[SimilarImage]") -> None:
    table(list(map(_row, found)), _HEADER, nothing="nothing found")


def _show_answers(answers: Sequence[Answer]) -> None:
    """Write one row for each match, with the file that it is like at the end."""
    rows = [(*_row(match), answer.file) for answer in answers for match in answer.matches]
    table(rows, (*_HEADER, "like"), nothing="nothing found")


def _row(item: "SimilarImage") -> tuple[object, ...]:
    return (
        item.entity_id,
        "identical" if item.identical else f"{item.distance} bits",
        None if item.transform == "none" else item.transform,
        f"{item.width}x{item.height}" if item.width else None,
        item.name,
        None if item.size_bytes is None else size_text(item.size_bytes),
        _place(item),
    )


def _place(item: "SimilarImage") -> str | FileLink | None:
    """Return the path of a picture; that of one in an archive leads to the archive."""
    if item.archive is None:
        return item.path
    return FileLink(f"{item.archive}/{item.member}", item.archive)
