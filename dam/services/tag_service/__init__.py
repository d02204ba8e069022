"""Tags: given to assets and taken away, listed, and put in order."""

from dam.services.tag_service.editing import (
    add_alias,
    add_parent,
    delete_tag,
    describe_tag,
    merge_tags,
    remove_alias,
    remove_parent,
    rename_tag,
)
from dam.services.tag_service.inheriting import inherit_tags
from dam.services.tag_service.listing import TagFacts, TagUse, list_tags, show_tag
from dam.services.tag_service.saying import say_tags
from dam.services.tag_service.tagging import (
    EntityTag,
    Source,
    Tagging,
    tag_entities,
    tags_of,
    untag_entities,
)
from dam.services.tag_service.vocabulary import (
    RATING,
    Tag,
    require_tag,
    tags_below,
)

__all__ = [
    "RATING",
    "EntityTag",
    "Source",
    "Tag",
    "TagFacts",
    "TagUse",
    "Tagging",
    "add_alias",
    "add_parent",
    "delete_tag",
    "describe_tag",
    "inherit_tags",
    "list_tags",
    "merge_tags",
    "remove_alias",
    "remove_parent",
    "rename_tag",
    "require_tag",
    "say_tags",
    "show_tag",
    "tag_entities",
    "tags_below",
    "tags_of",
    "untag_entities",
]
