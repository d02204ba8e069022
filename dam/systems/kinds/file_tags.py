"""Tags for the keywords that files state."""

from collections.abc import Iterable
from contextlib import suppress

from dam.core.ecs.components import EntityId
from dam.core.systems.commands import Commands
from dam.errors import MalformedTagError
from dam.media.tag_name import parse_tag
from dam.services.tag_service import RATING


def tag_keywords(commands: Commands, asset: EntityId, keywords: Iterable[str]) -> None:
    """Give an asset a tag of source `file` for each keyword, in place of those it had.

    A keyword has no value, so an equals sign in it is left out. What cannot be a tag is no failure
    of the file, and neither is the word `rating`, which needs a value.
    """
    names = []
    for keyword in keywords:
        with suppress(MalformedTagError):
            tag = parse_tag(" ".join(keyword.replace("=", " ").replace("\uff1d", " ").split())).tag
            if tag.key != RATING:
                names.append(str(tag))
    commands.tag(asset, *names, source="file")
