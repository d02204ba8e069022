"""Entities and components: create, read, change, find, mark and delete them."""

from dam.core.ecs.changes import Change, undo
from dam.services.ecs_service.entities import (
    add_component,
    check_ids,
    create_entity,
    delete_entity,
    get_component,
    get_components,
    get_components_of_kind,
    get_components_of_many,
    get_entities,
    lock_entity,
    release_entities,
    remove_components,
    require_entities,
    set_component,
    users_of,
)
from dam.services.ecs_service.finding import count_entities, find_entities, stream_entities
from dam.services.ecs_service.hiding import Hidden, is_hidden, shown
from dam.services.ecs_service.marking import mark_in_pages

__all__ = [
    "Change",
    "Hidden",
    "add_component",
    "check_ids",
    "count_entities",
    "create_entity",
    "delete_entity",
    "find_entities",
    "get_component",
    "get_components",
    "get_components_of_kind",
    "get_components_of_many",
    "get_entities",
    "is_hidden",
    "lock_entity",
    "mark_in_pages",
    "release_entities",
    "remove_components",
    "require_entities",
    "set_component",
    "shown",
    "stream_entities",
    "undo",
    "users_of",
]
