"""`dam-cli stl`: lists and draws models."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dam.app import World
from dam.cli.prelude import (
    ExitCode,
    Group,
    State,
    command,
    read_ids,
    run_in_world,
    sentence,
    show,
    table,
)
from dam.errors import NoContentError
from dam.models import FilePropertiesComponent
from dam.services import content_service
from dam.services.asset_service import resolve_ids
from dam.services.file_operations import FileOperationsResource
from dam.storage.content_store import ContentStore
from dam.storage.contents.located import LocatedContent, local_file

from .components import StlModelComponent
from .reading import draw_model


@dataclass(frozen=True)
class ListedModel:
    """A model, its number of triangles and its size along x, y and z."""

    entity_id: int
    name: str
    triangle_count: int
    size: tuple[float, float, float]


@dataclass(frozen=True)
class DrawnModel:
    """A model, and the file with the picture of it."""

    entity_id: int
    path: Path


async def find_models(session: AsyncSession, least: int) -> list[ListedModel]:
    """Return the models with at least so many triangles, the largest number first."""
    model, file = StlModelComponent, FilePropertiesComponent
    statement = (
        select(model, file.name_text)
        .join(file, file.entity_id == model.entity_id)
        .where(model.triangle_count >= least)
        .order_by(model.triangle_count.desc(), model.entity_id)
    )
    return [
        ListedModel(
            entity_id=row.entity_id,
            name=name,
            triangle_count=row.triangle_count,
            size=(row.max_x - row.min_x, row.max_y - row.min_y, row.max_z - row.min_z),
        )
        for row, name in await session.execute(statement)
    ]


@command("list")
def list_models(
    state: State,
    least: Annotated[
        int, typer.Option(metavar="N", min=0, help="Only models of N triangles or more.")
    ] = 0,
) -> ExitCode:
    """List models by their number of triangles."""

    async def work(world: World) -> list[ListedModel]:
        return await world.read(find_models, least)

    found = run_in_world(state, work)
    rows = [
        (one.entity_id, one.triangle_count, " x ".join(f"{side:g}" for side in one.size), one.name)
        for one in found
    ]
    show(state, found, lambda _: table(rows, ("id", "triangles", "size", "name")))
    return ExitCode.OK if found else ExitCode.NOTHING_FOUND


@command(changes=True)
def draw(
    state: State,
    model: Annotated[str, typer.Argument(metavar="ID", help="An id or a sha256:… prefix.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The picture.")],
) -> None:
    """Draw a model into a file, such as model.png."""
    given = read_ids([model])

    async def work(world: World) -> DrawnModel:
        (entity_id,) = await world.read(resolve_ids, given)
        contents = await world.read(content_service.locate, [entity_id])
        if entity_id not in contents:
            raise NoContentError(entity_id)
        store = world.resources.get(FileOperationsResource).store
        target = None if state.is_dry_run else output
        await asyncio.to_thread(_draw, store, contents[entity_id], target)
        return DrawnModel(entity_id, output)

    verb = "would draw" if state.is_dry_run else "drew"
    done = run_in_world(state, work, only_reads=True)
    show(state, done, lambda one: sentence(f"{verb} {one.entity_id} to {one.path}"))


def _draw(store: ContentStore, content: LocatedContent, target: Path | None) -> None:
    with local_file(store, content) as path, path.open("rb") as file:
        picture = draw_model(file)
    if target is not None:
        picture.save(target)


STL = Group(name="stl", doc="Manage STL models.", commands=[list_models, draw])
