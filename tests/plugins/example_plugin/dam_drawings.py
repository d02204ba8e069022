"""Gives SVG drawings the size that they claim; an example of a plugin for dam.

Until `dam-cli setup-db` makes the tables of plugins, `python -m dam_drawings DATABASE_URL` does.
"""

import asyncio
import re
import sys
from dataclasses import dataclass

from sqlalchemy import create_engine

from dam.core.prelude import (
    Base,
    Commands,
    EntityId,
    Event,
    ItemError,
    MarkedEntityList,
    MarkerComponent,
    Resource,
    SystemStage,
    WorldBuilder,
    WorldReader,
    listens_for,
    system,
    table_of,
)
from dam.models import ImageDimensionsComponent
from dam.services import content_service
from dam.services.content_service import NewAsset
from dam.services.file_operations import FileOperationsResource
from dam.storage.content_store import ContentStore
from dam.storage.contents.located import LocatedContent, local_file

_SIDES = {side: re.compile(rf'<svg\b[^>]*\s{side}="(\d+)(?:px)?"') for side in ("width", "height")}


class NeedsDrawingSizeComponent(MarkerComponent, kw_only=True):
    """The drawing's size is to be read."""

    __tablename__ = "component_drawings_needs_drawing_size"


class NoDrawingSizeError(ItemError):
    """A drawing does not say how large it is."""

    def __init__(self) -> None:
        super().__init__("the drawing names no width and height")


@dataclass(frozen=True)
class DrawingMeasured(Event[None]):
    """A drawing got its size."""

    entity_id: EntityId


@dataclass(frozen=True)
class DrawingReader:
    """Reads the size in pixels from the beginning of a drawing."""

    limit_chars: int = 65_536

    def size_of(self, store: ContentStore, drawing: LocatedContent) -> ImageDimensionsComponent:
        """Return the size that a drawing claims.

        Raises:
            NoDrawingSizeError: It claims none.
        """
        with (
            local_file(store, drawing) as path,
            path.open(encoding="utf-8", errors="replace") as file,
        ):
            text = file.read(self.limit_chars)
        found = {side: pattern.search(text) for side, pattern in _SIDES.items()}
        sides = {side: int(match[1]) for side, match in found.items() if match}
        if len(sides) < len(_SIDES):
            raise NoDrawingSizeError
        return ImageDimensionsComponent(**sides)


class MeasuredDrawings(list[EntityId]):
    """The drawings that this opening of the world has measured."""


@system(stage=SystemStage.METADATA_EXTRACTION)
async def measure_drawings(
    drawings: MarkedEntityList[NeedsDrawingSizeComponent],
    reader: WorldReader,
    files: Resource[FileOperationsResource],
    sizes: Resource[DrawingReader],
    commands: Commands,
) -> None:
    """Give each marked drawing its size."""
    contents = await content_service.locate_marked(reader, drawings)
    for drawing, content in contents.items():
        try:
            size = await asyncio.to_thread(sizes.size_of, files.store, content)
        except ItemError as error:
            commands.fail(drawing, error)
            continue
        commands.set(drawing, size)
        commands.emit(DrawingMeasured(drawing), on_behalf_of=drawing)


@listens_for(DrawingMeasured)
async def remember_drawing(event: DrawingMeasured, measured: Resource[MeasuredDrawings]) -> None:
    """Keep which drawings were measured."""
    measured.append(event.entity_id)


def is_drawing(asset: NewAsset) -> bool:
    """Tell whether a new asset is to be measured."""
    return asset.name.endswith(".svg")


def install(builder: WorldBuilder) -> None:
    """Add what this package can do to a world."""
    builder.add_resource(DrawingReader, lambda _: DrawingReader())
    builder.add_resource(MeasuredDrawings, lambda _: MeasuredDrawings())
    builder.add_system(measure_drawings)
    builder.add_listener(remember_drawing)
    builder.mark_new(NeedsDrawingSizeComponent, when=is_drawing)


if __name__ == "__main__":
    table = table_of(NeedsDrawingSizeComponent)
    Base.metadata.create_all(create_engine(sys.argv[1]), tables=[table])
