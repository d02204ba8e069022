"""Removal of passwords from URLs and other texts; nothing else in the program does this.

`url_without_password` is for text that is, or is meant to be, an address. It hides too much rather
than too little. `text_without_passwords` is for sentences, in which an address may stand among
other words and ordinary paths must stay as they are; every `DamError` passes its texts through it.
`report_without_passwords` is for text that we did not write: logs, tracebacks, errors of libraries.
"""

import re
from urllib.parse import unquote

_HIDDEN = "***"
# Patterns are compiled when they are first needed: few commands have an error to show.
_NAMES = r"\w*(?:passw(?:or)?d|pwd|secret|token|credential|signature)\w*"

_SCHEME = r"(?:[\w+.-]+://)"
_FILE_URL = r"(?i)(?:sqlite[\w+.-]*|file):///"
# Greedy on purpose: a character in a password that should be escaped, such as @, must not end the
# match early and show the rest of the password.
_PASSWORD = rf"(?s)^({_SCHEME}?+[^:]*:).*@"
# If the host was left out, the password stands in place of the port.
_NO_PORT = rf"(?s)^({_SCHEME}(?>\[[^\]]*\]|[^:?]*):)(?!\d*(?:[/?]|$)|\*\*\*).*"
_OPTION = r"[?&]([^=&]*)="
_SECRET_NAME = rf"(?i){_NAMES}\Z"
# As in `host=h password='p w'`, which libpq accepts instead of a URL.
_ASSIGNMENT = rf"(?is)(?<!\w)({_NAMES}\s*=\s*)(?!\*\*\*).+"

# An address in quotes, as `repr` writes it. A quote before a letter, as in "it's", does not end it.
_QUOTED = r"(?<!\w)(['\"`])([A-Za-z][\w+.-]*:/(?:\\.|(?!\1(?!\w)).)*)\1"
# In a sentence: a scheme, a user, and a password up to the last @ of the line, or to a space. Our
# own examples of a URL contain the word `password@host/`, which is no secret and stays. An address
# that was read as a path has one slash where a URL has two.
_START = (
    r"(?<![\w+.-])((?!sqlite|file)(?:[a-z][\w+.-]*:(?://|/(?!/))|postgres(?:ql)?(?:\+\w+)?:/{0,4})"
    r"(?:\[[^\]\s]*\])?+[^\s:]*:)(?=[^\s/])(?!\*\*\*|password@host/|\d*(?:[/?\s'\",;)]|\Z))"
)
_WITH_HOST = rf"(?i){_START}[^\n]*@"
_WITHOUT_HOST = rf"(?i){_START}\S+"
# A text is taken for libpq's form only if it has one of these names too: `password=x.jpg` alone may
# be the name of a file.
_LIBPQ = r"(?i)(?<!\w)(?:host|hostaddr|port|user|dbname|service|sslmode|passfile)\s*="
_IN_QUERY = rf"(?i)([?&](?:{_NAMES}|\w*%[^\s=&]*)=)(?!\*\*\*)[^\s'\"]+"
_ASSIGNED = rf"(?i)(?<!\w)({_NAMES}\s*=\s*)(?!\*\*\*)(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)"


def url_without_password(url: str) -> str:
    """Return an address, even a malformed one, with any password replaced by `***`.

    Accepts the URL of a database or a store, and libpq's form `host=… password=…`. Example:
    `postgresql://ann:secret@host/db` becomes `postgresql://ann:***@host/db`.
    """
    option = _secret_option(url)
    if not re.match(_FILE_URL, url):
        password = re.match(_PASSWORD, url)
        if password and option is not None and option < password.end():  # one within the other
            return url[: min(password.end(1), option)] + _HIDDEN
        url = re.sub(_NO_PORT, rf"\1{_HIDDEN}", re.sub(_PASSWORD, rf"\1{_HIDDEN}@", url))
        url = re.sub(_ASSIGNMENT, rf"\1{_HIDDEN}", url)
        option = _secret_option(url)
    return url if option is None else url[:option] + _HIDDEN


def place_without_password(place: str) -> str:
    """Return the place of a database or store: a URL without its password, a folder unchanged."""
    return url_without_password(place) if "://" in place else place


def text_without_passwords(text: str) -> str:
    """Return a text in which the password of every address is replaced by `***`."""
    if re.search(_LIBPQ, text):
        text = re.sub(_ASSIGNED, rf"\1{_HIDDEN}", text)
    if ":/" not in text and "postgres" not in text:
        return text
    text = re.sub(
        _QUOTED, lambda found: f"{found[1]}{url_without_password(found[2])}{found[1]}", text
    )
    text = re.sub(_WITH_HOST, rf"\1{_HIDDEN}@", text)
    text = re.sub(_WITHOUT_HOST, rf"\1{_HIDDEN}", text)
    return re.sub(_IN_QUERY, rf"\1{_HIDDEN}", text)


def report_without_passwords(text: str) -> str:
    """Return a text as `text_without_passwords` does, and also hide every `password=…` or the like.

    A name of a file such as `password=x.jpg` is hidden too.
    """
    return re.sub(_ASSIGNED, rf"\1{_HIDDEN}", text_without_passwords(text))


def _secret_option(url: str) -> int | None:
    """Return the index at which the value of the first secret option of a URL's query begins.

    An option whose name is partly escaped counts as secret: libpq reads `pass%77ord` as `password`.
    """
    for option in re.finditer(_OPTION, url):
        if "%" in option[1] or re.match(_SECRET_NAME, unquote(option[1])):
            return option.end()
    return None
