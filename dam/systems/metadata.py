"""Describes assets by their content: the media type, and what the kind of that type adds."""

from typing import Any

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import MediaKinds
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import Components, MarkedEntityList, Resource, WorldReader
from dam.errors import DamError, MediaKindError, NoDecoderError, raise_host_limit
from dam.media.camera.sidecar import SidecarFacts, joined_with
from dam.media.camera.values import StatedFacts
from dam.media.file_type.recognition import RECOGNITION_VERSION
from dam.media.kind import MediaKind, kind_of, version_of_picture
from dam.models import (
    FilePropertiesComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
    SidecarComponent,
)
from dam.services import content_service, sidecar_service
from dam.services.content_service import statement_for
from dam.services.file_operations import FileOperationsResource
from dam.systems.image_analysis import HASHES
from dam.systems.kinds.stated import STATED_COMPONENTS, write_stated
from dam.systems.sidecars import ReadSidecar, mark_unread, read_sidecars
from dam.tasks.files import FileDescription


@system(stage=SystemStage.METADATA_EXTRACTION, batch_size=512)
async def extract_metadata(
    assets: MarkedEntityList[NeedsMetadataExtractionComponent],
    known: Components[FilePropertiesComponent],
    reader: WorldReader,
    files: Resource[FileOperationsResource],
    kinds: Resource[MediaKinds],
    commands: Commands,
) -> None:
    """Describe each marked asset by its content; mark it for the systems that come next.

    What a sidecar says takes the place of what the file states itself; see `sidecar_service`.
    """
    contents = await content_service.locate_marked(reader, assets)
    answers = await files.describe(list(contents.values()))
    near = await reader.run(sidecar_service.find_sidecars, contents.keys())
    sidecars = await read_sidecars(near.of_assets, reader, files)
    await mark_unread(near.among_them, reader, commands, but=contents)
    for asset, answer in zip(contents, answers, strict=True):
        if isinstance(answer, Exception):
            commands.fail(asset, answer)
            continue
        content = contents[asset]
        noted = statement_for(asset, answer.state, is_stored=content.is_stored)
        if noted and answer.state not in content.recorded:
            commands.execute(*noted, on_behalf_of=asset)
        if isinstance(answer.failure, NoDecoderError):
            files.undecodable[answer.failure.message] += 1
        _write(commands, asset, answer, kinds, known.get(asset), sidecars.get(asset))


def _write(
    commands: Commands,
    asset: EntityId,
    answer: FileDescription[object],
    kinds: MediaKinds,
    former: FilePropertiesComponent | None,
    sidecar: ReadSidecar | None,
) -> None:
    """Write a description, and set the markers that follow it."""
    kind = kind_of(kinds.kinds(), answer.media_type)
    picture_version: int | None = version_of_picture(kind, answer.media_type)
    failure = answer.failure
    known_type = None if former is None else former.media_type
    if known_type is not None and (failure is None or known_type != answer.media_type):
        _forget(commands, asset, kinds, kind)
    if failure is None or answer.facts is not None:
        failure = _write_facts(commands, asset, answer, kinds) or failure
        _write_stated(commands, asset, answer.facts, former, sidecar)
    if failure is not None:
        if not isinstance(failure, NoDecoderError):
            commands.fail(asset, failure)
        picture_version = None
    elif not _is_alike(former, answer.media_type, picture_version):
        for marker in kinds.markers_after(answer.media_type):
            commands.mark(asset, marker)
    commands.update(
        asset,
        FilePropertiesComponent,
        media_type=answer.media_type,
        description_recipe=RECOGNITION_VERSION,
        described_by=kinds.described_by(answer.media_type),
        picture_version=picture_version,
    )


def _is_alike(
    former: FilePropertiesComponent | None, media_type: str, picture_version: int | None
) -> bool:
    """Tell whether what follows a description was done after an earlier one."""
    return former is not None and (former.media_type, former.picture_version) == (
        media_type,
        picture_version,
    )


def _forget(
    commands: Commands, asset: EntityId, kinds: MediaKinds, kind: MediaKind[Any] | None
) -> None:
    """Remove what an earlier description has written; `kind` is that of the new one."""
    commands.tag(asset, source="file")
    commands.remove(asset, SidecarComponent)
    for component in kinds.components().union(STATED_COMPONENTS):
        commands.remove(asset, component)
    if kind is None or kind.picture is None:
        commands.remove(asset, NeedsContentAnalysisComponent)
    if kind is None or kind.picture is None or not kind.is_hashed:
        for component in HASHES:
            commands.remove(asset, component)


def _write_facts(
    commands: Commands, asset: EntityId, answer: FileDescription[object], kinds: MediaKinds
) -> DamError | None:
    """Let the kind write its components; return the error if a plugin's code fails."""
    binding = kinds.binding_of(answer.media_type)
    if binding is None:
        return None
    try:
        binding.write(commands, asset, answer.facts)
    except Exception as error:
        raise_host_limit(error)
        if binding.write.__module__.startswith("dam."):
            raise
        return MediaKindError(binding.kind.name, error)
    return None


def _write_stated(
    commands: Commands,
    asset: EntityId,
    facts: object,
    former: FilePropertiesComponent | None,
    sidecar: ReadSidecar | None,
) -> None:
    """Write what a file states for people, and its sidecar in place of it."""
    stated = getattr(facts, "stated", None)
    stated = stated if isinstance(stated, StatedFacts) else StatedFacts()
    said = None if sidecar is None else sidecar.facts
    if isinstance(said, Exception):
        commands.fail(asset, said)
    elif sidecar is not None and said is not None and _is_for(said, former):
        stated = joined_with(stated, said)
        commands.set_values(asset, SidecarComponent, sidecar_entity_id=sidecar.entity_id)
    write_stated(commands, asset, stated)


def _is_for(sidecar: SidecarFacts, file: FilePropertiesComponent | None) -> bool:
    """Tell whether a sidecar is for files with the extension of this one."""
    name = "" if file is None else file.name_text
    return sidecar.extension in (None, name.rpartition(".")[2].lower())
