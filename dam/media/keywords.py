"""Tags for the keywords and the rating that files of any kind state."""

from collections.abc import Iterable, Iterator

from dam.errors import MalformedTagError
from dam.media.tag_name import parse_tag

_RATING = "rating"


def tags_of(keywords: Iterable[str], rating: int | None = None) -> tuple[str, ...]:
    """Return the tags that a file asks for, each once and each such that it can be read.

    Keywords are no tags with values, so an equals sign in one becomes a space. What cannot be a tag
    is left out, and so is the word `rating`, which needs a value.

    >>> tags_of(["cat", "a=b", "cat"], 4)
    ('rating=4', 'cat', 'a b')

    Args:
        keywords: As the file states them.
        rating: Stars, 1 to 5.
    """
    stars = [] if rating is None else [f"{_RATING}={rating}"]
    return tuple(dict.fromkeys([*stars, *_tags(keywords)]))


def _tags(keywords: Iterable[str]) -> Iterator[str]:
    for keyword in keywords:
        plain = " ".join(keyword.replace("=", " ").replace("\uff1d", " ").split())
        for text in (plain, " ".join(plain.replace(":", " ").replace("\uff1a", " ").split())):
            try:
                tag = parse_tag(text)
            except MalformedTagError:
                continue
            if tag.tag.key != _RATING and tag.value is None:
                yield text
            break
