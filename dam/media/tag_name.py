"""Names of tags: `name`, `namespace:name` and `name=value`, and the form in which they compare."""

import hashlib
import unicodedata
from dataclasses import dataclass

from dam.errors import MalformedTagError
from dam.media.folding import INVISIBLE, with_few_marks

MAX_NAMESPACE = 100
MAX_NAME = 400
MAX_KEY = 500
MAX_VALUE = 1000

_ROUNDS = 4
# They turn the direction of what follows them, so that a name would not read as it is.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_REFUSED = {"Cc": "a control character", "Cs": "half a character", "Co": "a private character"}


@dataclass(frozen=True)
class TagName:
    """A tag as it was written: its namespace, if any, and its name."""

    namespace: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.namespace is None else f"{self.namespace}:{self.name}"

    @property
    def key(self) -> str:
        """The form in which names compare: neither case nor spelling of characters matters."""
        return tag_key(str(self))

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the key, 32 bytes."""
        return hashlib.sha256(self.key.encode()).digest()


@dataclass(frozen=True)
class TagText:
    """A tag, maybe with a value, as it was written."""

    tag: TagName
    value: str | None = None


def parse_tag(text: str) -> TagText:
    """Read `name`, `namespace:name`, `name=value` or `namespace:name=value`.

    The namespace ends at the first colon, the name at the first equals sign behind it. White space
    around the parts does not count.

    >>> parse_tag("artist:Moebius")
    TagText(tag=TagName(namespace='artist', name='Moebius'), value=None)
    >>> parse_tag("rating=5").value
    '5'

    Raises:
        MalformedTagError: A part is empty, too long, or has a character that no name may have.
    """
    named, equals, value = _with_plain_separators(text).partition("=")
    space, colon, name = named.partition(":")
    if not colon:
        space, name = "", named
    tag = TagName(
        _checked(text, space, "namespace") if colon else None, _checked(text, name, "name")
    )
    if len(tag.namespace or "") > MAX_NAMESPACE:
        raise MalformedTagError(text, f"its namespace is longer than {MAX_NAMESPACE} characters")
    if len(tag.name) > MAX_NAME:
        raise MalformedTagError(text, f"its name is longer than {MAX_NAME} characters")
    if len(tag.key) > MAX_KEY:
        raise MalformedTagError(text, f"namespace and name are longer than {MAX_KEY} characters")
    if not tag_key(tag.name):
        raise MalformedTagError(text, "its name has only invisible characters")
    if not equals:
        return TagText(tag)
    if len(value) > MAX_VALUE:
        raise MalformedTagError(text, f"its value is longer than {MAX_VALUE} characters")
    return TagText(tag, _checked(text, value, "value"))


def parse_name(text: str) -> TagName:
    """Read the name of a tag, as `parse_tag` does; a value is refused.

    Raises:
        MalformedTagError: The text is no name, or has a value.
    """
    read = parse_tag(text)
    if read.value is not None:
        raise MalformedTagError(text, "only a name is expected here, and it has a value")
    return read.tag


def checked_text(what: str, text: str) -> str:
    """Return a text that goes with a tag, such as its description, if both databases can store it.

    Raises:
        MalformedTagError: It has a NUL or half a character.
    """
    for character in text:
        if character == "\0" or unicodedata.category(character) == "Cs":
            raise MalformedTagError(text, f"the {what} has {character!a}")
    return text


def _with_plain_separators(text: str) -> str:
    """Return a text in which full-width colons and the like are plain ones."""
    if text.isascii():
        return text
    plain = {c: unicodedata.normalize("NFKC", c) for c in set(text)}
    return "".join(plain[c] if plain[c] in {":", "="} else c for c in text)


def tag_key(text: str) -> str:
    """Return the form in which names of tags compare: without case, and what no reader sees.

    >>> tag_key("Straße") == tag_key("STRASSE")
    True
    """
    before, key = "", " ".join(INVISIBLE.sub("", with_few_marks(text)).split())
    for _ in range(_ROUNDS):
        if key == before:
            break
        folded = unicodedata.normalize("NFKC", key).casefold()
        before, key = key, unicodedata.normalize("NFKC", folded)
    return " ".join(key.split())


def _checked(text: str, part: str, what: str) -> str:
    for character in part:
        category = unicodedata.category(character)
        if character in _TURNING or (category in _REFUSED and not character.isspace()):
            kind = _REFUSED.get(category, "a character that turns the direction")
            raise MalformedTagError(text, f"its {what} has {kind}, {character!a}")
    clean = unicodedata.normalize("NFC", with_few_marks(" ".join(part.split())))
    if not clean:
        raise MalformedTagError(text, f"its {what} is empty")
    return clean
