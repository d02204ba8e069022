"""Describes assets by their content: the media type, and what the kind of that type adds."""

from dam.core.ecs.components import EntityId
from dam.core.media_kinds import MediaKinds
from dam.core.systems.commands import Commands
from dam.core.systems.declaration import SystemStage, system
from dam.core.systems.params import Components, MarkedEntityList, Resource, WorldReader
from dam.errors import DamError, MediaKindError, NoDecoderError, raise_host_limit
from dam.media.camera.sidecar import SIDECAR, joined_with
from dam.media.camera.values import StatedFacts
from dam.media.file_type.recognition import RECOGNITION_VERSION
from dam.media.kind import kind_of, version_of_picture
from dam.models import (
    FilePropertiesComponent,
    NeedsContentAnalysisComponent,
    NeedsMetadataExtractionComponent,
    SidecarComponent,
)
from dam.services import content_service, sidecar_service
from dam.services.content_service import is_about_bytes, statement_for
from dam.services.file_operations import FileOperationsResource
from dam.systems.image_analysis import HASHES
from dam.systems.kinds.stated import STATED_COMPONENTS, write_stated
from dam.systems.sidecars import ReadSidecar, mark_unread, read_sidecars, refuse_broken
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
    sidecars = await read_sidecars(near, reader, files)
    await mark_unread(near.among_them, reader, commands, but=contents)
    described = dict(zip(contents, answers, strict=True))
    unknown = [each for each in near.among_them if _is_no_sidecar(described[each])]
    await refuse_broken({each: contents[each] for each in unknown}, files, commands)
    given_up: list[EntityId] = []
    for asset, answer in zip(contents, answers, strict=True):
        if isinstance(answer, Exception):
            commands.fail(asset, answer)
            if is_about_bytes(answer):
                given_up.append(asset)
            continue
        content = contents[asset]
        noted = statement_for(asset, answer.state, is_stored=content.is_stored)
        if noted and answer.state not in content.recorded:
            commands.execute(*noted, on_behalf_of=asset)
        if isinstance(answer.failure, NoDecoderError):
            files.undecodable[answer.failure.message] += 1
        _write(commands, asset, answer, kinds, known.get(asset), sidecars.get(asset))
    # What was too much for a worker may still be recognised by one, which tells who will try again.
    types = await files.recognise([contents[asset] for asset in given_up]) if given_up else []
    for asset, found in zip(given_up, types, strict=True):
        former = known.get(asset)
        former_type = None if former is None else former.media_type
        media_type = former_type if isinstance(found, Exception) else found
        if media_type != former_type:
            _forget_former(commands, asset, kinds, media_type, former)
        _write_versions(commands, asset, kinds, media_type, has_failed=True)


def _is_no_sidecar(answer: FileDescription[object] | Exception) -> bool:
    """Tell whether a file was described as something else than a sidecar."""
    if isinstance(answer, Exception):
        return False
    return answer.failure is None and answer.media_type not in SIDECAR.media_types


def _write(
    commands: Commands,
    asset: EntityId,
    answer: FileDescription[object],
    kinds: MediaKinds,
    former: FilePropertiesComponent | None,
    sidecar: ReadSidecar | None,
) -> None:
    """Write a description, and set the markers that follow it."""
    media_type, failure = answer.media_type, answer.failure
    if failure is None or former is None or former.media_type != media_type:
        _forget_former(commands, asset, kinds, media_type, former)
    if failure is None or answer.facts is not None:
        failure = _write_facts(commands, asset, answer, kinds) or failure
        _write_stated(commands, asset, answer.facts, former, sidecar)
    if failure is not None:
        if not isinstance(failure, NoDecoderError):
            commands.fail(asset, failure)
    elif not _is_alike(former, kinds, media_type):
        for marker in kinds.markers_after(media_type):
            commands.mark(asset, marker)
    _write_versions(commands, asset, kinds, media_type, has_failed=failure is not None)


def _write_versions(
    commands: Commands,
    asset: EntityId,
    kinds: MediaKinds,
    media_type: str | None,
    *,
    has_failed: bool,
) -> None:
    """Write the media type, and what `process --outdated` compares, also after a failure.

    Args:
        commands: Of the system.
        asset: The asset.
        kinds: The media kinds of the world.
        media_type: Of the asset; None if nobody could tell it.
        has_failed: Nothing follows the description.
    """
    commands.update(
        asset,
        FilePropertiesComponent,
        media_type=media_type,
        description_recipe=RECOGNITION_VERSION,
        described_by=kinds.described_by(media_type),
        picture_version=None if has_failed else _picture_version(kinds, media_type),
    )


def _picture_version(kinds: MediaKinds, media_type: str | None) -> int:
    return version_of_picture(kind_of(kinds.kinds(), media_type), media_type)


def _is_alike(former: FilePropertiesComponent | None, kinds: MediaKinds, media_type: str) -> bool:
    """Tell whether what follows a description was done after an earlier one."""
    return former is not None and (former.media_type, former.picture_version) == (
        media_type,
        _picture_version(kinds, media_type),
    )


def _forget_former(
    commands: Commands,
    asset: EntityId,
    kinds: MediaKinds,
    media_type: str | None,
    former: FilePropertiesComponent | None,
) -> None:
    """Remove what an earlier description has written, if there was one.

    Args:
        commands: Of the system.
        asset: The asset.
        kinds: The media kinds of the world.
        media_type: Of the asset, as it is known now.
        former: The row of the earlier description.
    """
    if former is None or former.media_type is None:
        return
    kind = kind_of(kinds.kinds(), media_type)
    _forget_stated(commands, asset, former)
    for component in kinds.components():
        commands.remove(asset, component)
    if kind is None or kind.picture is None:
        commands.remove(asset, NeedsContentAnalysisComponent)
    if kind is None or kind.picture is None or not kind.is_hashed:
        for component in HASHES:
            commands.remove(asset, component)


def _forget_stated(
    commands: Commands, asset: EntityId, former: FilePropertiesComponent | None
) -> None:
    """Remove what an earlier description, if there was one, found stated for people."""
    if former is None or former.media_type is None:
        return
    commands.tag(asset, source="file")
    commands.remove(asset, SidecarComponent)
    for component in STATED_COMPONENTS:
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
    """Write what a file states for people, and its sidecar in place of it, and nothing older."""
    _forget_stated(commands, asset, former)
    stated = getattr(facts, "stated", None)
    stated = stated if isinstance(stated, StatedFacts) else StatedFacts()
    said = None if sidecar is None else sidecar.facts
    if isinstance(said, Exception):
        commands.fail(asset, said)
    elif sidecar is not None and said is not None:
        stated = joined_with(stated, said)
        commands.set_values(asset, SidecarComponent, sidecar_entity_id=sidecar.entity_id)
    write_stated(commands, asset, stated)
