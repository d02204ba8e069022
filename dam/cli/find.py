"""`dam-cli find-file-by-hash` and `find-similar-images`: finds assets by bytes or by looks."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dam.cli.toolkit.arguments import OneOfTwoError, parse_id
from dam.cli.toolkit.command import State, command
from dam.cli.toolkit.output import show, size_text, table
from dam.errors import ExitCode

if TYPE_CHECKING:
    from dam.app import World
    from dam.services.digest_service import FoundAsset
    from dam.services.likeness_service import SimilarImage

Digest = Literal["auto", "sha256", "md5", "sha1"]
Algorithm = Literal["phash", "dhash", "ahash"]


@command()
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
) -> ExitCode:
    """Find assets by the hash of their bytes.

    Give a HASH or --file. With --type auto, a shortened hash is taken for a SHA-256.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.digest_service import find_by_digest, find_by_file, parse_digest

    if (hash_ is None) == (file is None):
        raise OneOfTwoError("HASH", "--file")
    wanted = None if hash_ is None else parse_digest(hash_, type_)

    async def work(world: "World") -> "list[FoundAsset]":
        if file is not None:
            return await find_by_file(world, file, type_)
        assert wanted is not None
        return await find_by_digest(world, wanted)

    found = run_in_world(state, work)
    show(state, found, _show_files)
    return ExitCode.OK if found else ExitCode.NOTHING_FOUND


@command()
def find_similar_images(
    state: State,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A picture file; it need not be in the world."),
    ] = None,
    entity: Annotated[
        str | None, typer.Option(metavar="ID", help="Compare with this asset instead of a file.")
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
        int | None, typer.Option(min=1, metavar="N", help="At most N results.")
    ] = None,
    *,
    transforms: Annotated[
        bool, typer.Option("--transforms", help="Also try the picture turned and mirrored, 8 ways.")
    ] = False,
) -> ExitCode:
    """Find pictures that look like a given one.

    Give a FILE, or an asset with --entity. The nearest pictures come first. The distance is the
    number of bits, out of 64, in which the perceptual hashes differ.
    """
    from dam.cli.toolkit.running import run_in_world
    from dam.services.asset_service import resolve_ids
    from dam.services.likeness_service import (
        LikenessOptions,
        find_similar_to_entity,
        find_similar_to_file,
    )

    if (entity is None) == (file is None):
        raise OneOfTwoError("FILE", "--entity")
    wanted = None if entity is None else parse_id(entity)
    options = LikenessOptions(
        algorithm=algorithm, threshold=threshold, limit=limit, has_transforms=transforms
    )

    async def work(world: "World") -> "list[SimilarImage]":
        if file is not None:
            return await find_similar_to_file(world, file, options)
        assert wanted is not None
        (entity_id,) = await world.read(resolve_ids, [wanted])
        return await find_similar_to_entity(world, entity_id, options)

    found = run_in_world(state, work)
    show(state, found, _show_similar)
    return ExitCode.OK if found else ExitCode.NOTHING_FOUND


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
    table(rows, ("id", "type", "size", "name", "path"))


def _show_similar(found: "Sequence[SimilarImage]") -> None:
    rows = [
        (
            item.entity_id,
            "identical" if item.identical else f"{item.distance} bits",
            None if item.transform == "none" else item.transform,
            f"{item.width}x{item.height}" if item.width else None,
            item.name,
        )
        for item in found
    ]
    table(rows, ("id", "distance", "transform", "pixels", "name"))
