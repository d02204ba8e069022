"""The tags that a file asks for: its keywords, and its rating."""

from collections.abc import Iterator

from dam.errors import MalformedTagError
from dam.media.camera.values import CameraFacts
from dam.media.tag_name import parse_tag

_RATING = "rating"


def tags_of(camera: CameraFacts) -> tuple[str, ...]:
    """Return the tags of a picture, as `cat` and `rating=4`, each of which can be read.

    Keywords are no tags with values, so an equals sign in one becomes a space.
    """
    return tuple(dict.fromkeys(_tags(camera)))


def _tags(camera: CameraFacts) -> Iterator[str]:
    if camera.rating is not None:
        yield f"{_RATING}={camera.rating}"
    for keyword in camera.keywords:
        plain = keyword.replace("=", " ").replace("\uff1d", " ")
        for text in (plain, plain.replace(":", " ").replace("\uff1a", " ")):
            try:
                tag = parse_tag(text)
            except MalformedTagError:
                continue
            if tag.tag.key != _RATING and tag.value is None:
                yield text
            break
