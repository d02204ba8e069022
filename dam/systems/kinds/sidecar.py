"""Sidecars: all their tags; what they say is given to the files beside them."""

import json

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import KindBinding
from dam.core.systems.commands import Commands
from dam.media.camera.sidecar import SIDECAR, SidecarFacts
from dam.models import FileMetadataComponent


def write_sidecar(commands: Commands, asset: EntityId, facts: SidecarFacts) -> None:
    """Give a sidecar its tags."""
    if facts.metadata:
        commands.set_values(asset, FileMetadataComponent, values=json.loads(facts.metadata))


SIDECARS = KindBinding(kind=SIDECAR, components=(FileMetadataComponent,), write=write_sidecar)
