"""One text is refused where several are meant: it would be taken for its characters."""

from collections.abc import Awaitable, Callable

import pytest

from dam.core.world import World
from dam.services import asset_service, search_service, tag_service
from dam.services.comic_edit_service import parse_changes
from dam.services.comic_import_service import ComicImportOptions, import_comics
from dam.services.import_service import ImportOptions, import_files
from dam.services.place_service import forget_paths
from dam.services.process_service import process

CALLS: dict[str, Callable[[World], Awaitable[object]]] = {
    "tags": lambda world: world.run(tag_service.tag_entities, [1], "cat"),
    "tags ": lambda world: world.run(tag_service.untag_entities, [1], "cat"),
    "names": lambda world: world.read(search_service.facets, "", "type"),
    "names ": lambda world: world.read(search_service.read_fields, [1], "id"),
    "wanted": lambda world: world.read(asset_service.resolve_ids, "0a1b2c3d"),
    "paths": lambda world: import_files(world, "cat.jpg", ImportOptions()),
    "paths ": lambda world: import_comics(world, "cat.cbz", ComicImportOptions(), print),
    "paths  ": lambda world: forget_paths(world, "/mnt"),
    "stages": lambda world: process(world, stages="metadata"),
}


@pytest.mark.parametrize("named", CALLS)
async def test_one_text_is_no_list_of_texts(world: World, named: str) -> None:
    with pytest.raises(TypeError, match=rf"^{named.strip()} is one text, '.*'; expected several"):
        await CALLS[named](world)


def test_one_text_is_no_list_of_changes() -> None:
    with pytest.raises(TypeError, match=r"^texts is one text, 'a=b'; expected several, such as \["):
        parse_changes("a=b")
