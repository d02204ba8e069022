"""What files and their sidecars state for people: words, tags, time and place; of all kinds."""

from datetime import datetime

from dam.core.ecs.components import AnyComponent, EntityId
from dam.core.systems.commands import Commands
from dam.media.camera.values import StatedFacts
from dam.media.keywords import tags_of
from dam.models import GeoPositionComponent, StatedTextComponent, TakenAtComponent

STATED_COMPONENTS: tuple[type[AnyComponent], ...] = (
    GeoPositionComponent,
    StatedTextComponent,
    TakenAtComponent,
)
"""What `write_stated` may give to an asset."""


def write_stated(commands: Commands, asset: EntityId, stated: StatedFacts) -> None:
    """Give an asset what is stated for people; keywords and rating become tags of source `file`."""
    words = {
        "title": stated.title,
        "description": stated.description,
        "author": stated.author,
    }
    if any(words.values()):
        commands.set_values(asset, StatedTextComponent, **words)
    if (taken := stated.taken_at) is not None:
        commands.set_values(
            asset,
            TakenAtComponent,
            taken_at=datetime.fromisoformat(taken.local_time),
            utc_offset_minutes=taken.utc_offset_minutes,
            source=taken.source,
        )
    if (place := stated.position) is not None:
        commands.set_values(
            asset,
            GeoPositionComponent,
            latitude=place.latitude,
            longitude=place.longitude,
            altitude_m=place.altitude_m,
        )
    if tags := tags_of(stated.keywords, stated.rating):
        commands.tag(asset, *tags, source="file")
