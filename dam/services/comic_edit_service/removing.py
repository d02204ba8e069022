"""Removes a comic or a variant with its pages."""

from dam.core.ecs.components import EntityId
from dam.core.world import World
from dam.services.comic_book_service import comic_parts
from dam.services.comic_edit_service.views import view_comic
from dam.services.removal_service import Removal, plan_removal, remove_assets
from dam.services.trash_service import plan_trashing, trash_assets


async def remove_comic(
    world: World,
    entity_id: EntityId,
    *,
    is_forever: bool = False,
    is_forced: bool = False,
    is_dry_run: bool = False,
) -> Removal:
    """Put a concept with all its variants, or one variant, and their pages into the trash.

    Pages that other works have stay. With `is_forever`, so does an archive that has the only bytes
    of such a page; otherwise the result has the change, for `undo`.

    Example: `await remove_comic(world, issue, is_dry_run=True)`.

    Args:
        world: The world of the comic.
        entity_id: A concept or a variant.
        is_forever: Do not put them into the trash: forget them.
        is_forced: Of what is forgotten, also such an archive.
        is_dry_run: Only return what would be removed.

    Raises:
        EntityNotFoundError: There is no such entity.
        NoComicVariantError: It is neither a concept nor a variant.
    """
    await world.read(view_comic, entity_id)  # refuses what is no comic
    ids = await world.read(comic_parts, [entity_id])
    if is_forever and is_dry_run:
        return await world.read(plan_removal, ids, is_forced=is_forced)
    if is_forever:
        return await remove_assets(world, ids, is_forced=is_forced)
    if is_dry_run:
        return Removal(entity_ids=tuple(await world.read(plan_trashing, [entity_id])))
    done = await world.run(trash_assets, [entity_id])
    return Removal(entity_ids=done.entity_ids, change=done.change)
