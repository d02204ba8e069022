"""Services that are marked as `ReadOnly` need nothing but to read."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dam.core.ecs.components import EntityId
from dam.core.first_parameter import FirstParameters
from dam.core.read_only import ReadOnly
from dam.core.world import World
from dam.errors import UnfitFunctionError
from dam.models import ImageDimensionsComponent
from dam.services import (
    asset_service,
    comic_book_service,
    comic_edit_service,
    comic_info_service,
    comic_overlap_service,
    content_service,
    digest_service,
    ecs_service,
    failure_service,
    import_service,
    likeness_service,
    page_service,
    removal_service,
    schema_service,
    search_service,
    sidecar_service,
    status_service,
    store_service,
    summary_service,
    tag_service,
    trash_service,
    world_service,
)
from dam.services.content_service import HashedFile
from dam.services.process_service import process
from dam.storage.content_store import StoredFile
from dam.storage.paths import path_digest
from dam.storage.sources.reading import FileStat
from tests.core.worlds import NOW
from tests.services.comic_files import import_one, make_cbz, pages
from tests.services.conftest import Add
from tests.services.faces import functions

pytestmark = pytest.mark.slow

ASSETS = Path(__file__).parents[1] / "assets"
PICTURE = ASSETS / "pictures" / "lake.jpg"
SMALLER = ASSETS / "pictures" / "lake-half.jpg"
TRUNCATED = ASSETS / "broken" / "truncated.jpg"


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Entities of the world in which the services read."""

    picture: EntityId
    sha256: str
    concept: EntityId
    variant: EntityId
    page: EntityId
    trashed: EntityId
    note: EntityId
    sidecar: EntityId


ANYTHING = Filled(
    picture=1, sha256=64 * "0", concept=2, variant=3, page=4, trashed=5, note=6, sidecar=7
)


@pytest.fixture
async def filled(world: World, add: Add, tmp_path: Path) -> Filled:
    """Two comics that share pages, one of which is torn, two pictures alike, and a torn one."""
    picture = await add(PICTURE)
    for path in (SMALLER, TRUNCATED):
        await add(path)
    shared = pages(3) | {"page 4.jpg": TRUNCATED.read_bytes()}
    info = "<Series>Land</Series><Number>1</Number><Title>Land</Title>"
    await import_one(world, make_cbz(tmp_path / "Land 1.cbz", shared, info))
    imported = await import_one(world, make_cbz(tmp_path / "Land 01.cbz", pages(5) | shared, info))
    await process(world)
    variant, concept = imported.variant_entity_id, imported.concept_entity_id
    assert variant is not None
    assert concept is not None
    page, *_ = await world.read(page_service.get_ordered_pages, variant)
    located = await world.read(content_service.locate, [picture])
    (tmp_path / "trashed.txt").write_text("trashed")
    trashed = await add(tmp_path / "trashed.txt")
    await world.run(trash_service.trash_assets, [trashed])
    for name in ("note.txt", "note.xmp"):
        (tmp_path / name).write_text(name)
    note, sidecar = [await add(tmp_path / name) for name in ("note.txt", "note.xmp")]
    await world.run(search_service.save_query, "big", "width:>1")
    await world.run(tag_service.tag_entities, [picture], ["cat", "rating=4"])
    return Filled(
        picture=picture,
        sha256=located[picture].digest.hex(),
        concept=concept,
        variant=variant,
        page=page,
        trashed=trashed,
        note=note,
        sidecar=sidecar,
    )


def hashed(path: Path, digest: bytes) -> HashedFile:
    """Return a file as an import has it once its bytes are read."""
    state = FileStat.of(path.stat())
    return HashedFile(
        path,
        NOW,
        StoredFile(
            sha256=digest,
            extra_digests={},
            size_bytes=state.size_bytes,
            reading=state,
            import_mode="copy",
            is_new=False,
        ),
    )


async def stream_all(session: ReadOnly[AsyncSession], **conditions: Any) -> list[EntityId]:
    """Read to its end what a function yields."""
    return [entity async for entity in ecs_service.stream_entities(session, **conditions)]


Case = tuple[Callable[..., Any], list[Any], dict[str, Any]]


def case(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Case:
    return function, list(args), kwargs


def cases(f: Filled) -> list[Case]:
    """Return a call of every service function that is marked, with arguments that find something.

    `stream_entities` is called by `stream_all`.
    """
    digest = bytes.fromhex(f.sha256)
    dimensions = ImageDimensionsComponent
    wide = [dimensions.width > 1]
    return [
        case(asset_service.archive_places, [f.page]),
        case(asset_service.describe_entities, [f.picture]),
        case(asset_service.last_paths, [f.picture]),
        case(asset_service.resolve_each, [f.picture, f.sha256]),
        case(asset_service.resolve_ids, [f.sha256]),
        case(comic_book_service.describe_comic_concepts, [f.concept]),
        case(comic_book_service.describe_comic_variants, [f.variant]),
        case(comic_book_service.describe_page_uses, f.page),
        case(comic_book_service.find_comic_book_concepts, title="land"),
        case(comic_book_service.get_comic_concept_for_variant, f.variant),
        case(comic_book_service.get_comic_variants_containing_image_as_page, f.page),
        case(comic_book_service.get_primary_variant_for_comic_concept, f.concept),
        case(comic_book_service.get_variants_for_comic_concept, f.concept),
        case(comic_book_service.comic_parts, [f.concept]),
        case(comic_edit_service.list_variants, f.concept),
        case(comic_edit_service.view_comic, f.concept),
        case(comic_edit_service.view_comic, f.variant),
        case(comic_edit_service.view_page_uses, f.page),
        case(comic_edit_service.view_pages, f.variant),
        case(comic_info_service.get_comic_info, f.variant),
        case(comic_info_service.get_own_elements, f.variant),
        case(comic_overlap_service.find_duplicates),
        case(comic_overlap_service.overlap_of, f.variant),
        case(content_service.foresee_files, [hashed(PICTURE, digest)], set()),
        case(content_service.known_files, [path_digest(bytes(PICTURE))], is_reference=False),
        case(content_service.locate, [f.picture, f.page]),
        case(content_service.names_of, [f.picture]),
        case(content_service.times_of, [f.picture]),
        case(content_service.trashed_among, [f.trashed]),
        case(content_service.with_companions, [f.trashed]),
        case(digest_service.find_by_digest, digest_service.parse_digest(f.sha256, "auto")),
        case(digest_service.find_by_file, PICTURE),
        case(ecs_service.count_entities, where=wide),
        case(ecs_service.find_entities, with_=[dimensions], where=wide),
        case(ecs_service.get_component, f.picture, dimensions),
        case(ecs_service.get_components, f.picture),
        case(ecs_service.get_components_of_kind, [f.picture], dimensions),
        case(ecs_service.get_components_of_many, [f.picture, f.variant]),
        case(ecs_service.get_entities, [f.picture]),
        case(stream_all, where=wide),
        case(ecs_service.users_of, [f.page]),
        case(failure_service.failures_at, [str(ASSETS.parent)], since=None),
        case(failure_service.failures_of_pages, [f.variant]),
        case(failure_service.list_failures),
        case(import_service.failures_of_run, [], since=NOW),
        case(likeness_service.find_similar_to_entity, f.picture),
        case(likeness_service.find_similar_to_file, PICTURE),
        case(page_service.get_ordered_pages, f.variant),
        case(page_service.get_pages, f.variant),
        case(page_service.list_pages, f.variant),
        case(removal_service.plan_removal, [f.picture]),
        case(schema_service.table_names),
        case(search_service.count_unindexed),
        case(status_service.status),
        case(summary_service.summarise_entities, [f.picture]),
        case(search_service.complete_query, "type:im", 7),
        case(search_service.list_saved_queries),
        case(search_service.parse_query, "@big"),
        case(search_service.search_page, "type:image"),
        case(search_service.search_ids, "type:image"),
        case(search_service.count, "type:image"),
        case(search_service.explain, "type:image"),
        case(search_service.facets, "", ["type"]),
        case(search_service.unknown_tags, "tag:unheard"),
        case(search_service.read_fields, [f.picture], ["name"]),
        case(tag_service.tags_below, [f.picture]),
        case(tag_service.list_tags, "c"),
        case(tag_service.require_tag, "cat"),
        case(tag_service.show_tag, "cat"),
        case(tag_service.tags_of, [f.picture]),
        case(sidecar_service.find_sidecars, [f.note]),
        case(sidecar_service.find_unread, [f.sidecar]),
        case(trash_service.list_trash),
        case(trash_service.plan_restoring, [f.trashed]),
        case(trash_service.plan_trashing, [f.picture]),
        case(store_service.count_stored),
        case(store_service.last_place_id),
        case(store_service.require_opened_files),
        case(store_service.require_same_places),
        case(world_service.found_owner, "address"),
        case(world_service.new_store),
        case(world_service.store_owner),
        case(world_service.world_uuid),
    ]


FIND_NOTHING = {
    search_service.count_unindexed,
    store_service.require_opened_files,
    store_service.require_same_places,
    world_service.new_store,
}
"""Marked functions that answer None or 0, here or always."""


async def test_every_service_that_is_marked_runs_without_writing(
    world: World, filled: Filled
) -> None:
    """`run` gives each of them a transaction, or a world, in which every write fails."""
    for function, args, kwargs in cases(filled):
        answer = await world.run(function, *args, **kwargs)
        assert bool(answer) is (function not in FIND_NOTHING), function.__name__


def test_no_service_that_is_marked_is_left_out() -> None:
    tried = {function for function, _, _ in cases(ANYTHING)} - {stream_all}
    assert tried | {ecs_service.stream_entities} == marked()


def marked() -> set[Callable[..., Any]]:
    """Return the functions of all faces that are marked."""
    read = FirstParameters()
    found = set()
    for function in functions():
        with suppress(UnfitFunctionError):  # it takes nothing first, and so is not marked
            if read.of("run", function).is_read_only:
                found.add(function)
    return found
