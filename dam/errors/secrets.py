"""Passwords are never shown: the one place that takes them out of URLs, and of any other text.

`url_without_password` is for what is known to be an address, or to be meant as one: it rather hides
too much. `text_without_passwords` is for sentences, where an address may stand among other words,
and paths that look like nothing else must stay as they are; every `DamError` goes through it.
`report_without_passwords` is for what nobody has read before it is shown: logs and tracebacks.
"""

import re
from urllib.parse import unquote

_HIDDEN = "***"
# Patterns are compiled when they are first needed: few commands have a fault to show.
_NAMES = r"\w*(?:passw(?:or)?d|pwd|secret|token|credential|signature)\w*"

_SCHEME = r"(?:[\w+.-]+://)"
_FILE_URL = r"(?i)(?:sqlite[\w+.-]*|file):///"
# Greedy on purpose: whatever is not escaped in a password must not let the rest of it through.
_PASSWORD = rf"(?s)^({_SCHEME}?+[^:]*:).*@"
# Where the host was left out, a password stands in the place of the port.
_NO_PORT = rf"(?s)^({_SCHEME}(?>\[[^\]]*\]|[^:?]*):)(?!\d*(?:[/?]|$)|\*\*\*).*"
_OPTION = r"[?&]([^=&]*)="
_SECRET_NAME = rf"(?i){_NAMES}\Z"
# As in `host=h password='p w'`, which libpq takes in the place of a URL.
_ASSIGNMENT = rf"(?is)(?<!\w)({_NAMES}\s*=\s*)(?!\*\*\*).+"

# As `repr` writes it; an apostrophe before a letter ends nothing.
_QUOTED = r"(?<!\w)(['\"`])([A-Za-z][\w+.-]*:/(?:\\.|(?!\1(?!\w)).)*)\1"
# In a sentence: a scheme, a user, and a password up to the last @ of the line, or to a space. The
# form that we expect of a URL says `password`, and may. A path has one slash where a URL has two.
_START = (
    r"(?<![\w+.-])((?!sqlite|file)(?:[a-z][\w+.-]*:(?://|/(?!/))|postgres(?:ql)?(?:\+\w+)?:/{0,4})"
    r"(?:\[[^\]\s]*\])?+[^\s:]*:)(?=[^\s/])(?!\*\*\*|password@host/|\d*(?:[/?\s'\",;)]|\Z))"
)
_WITH_HOST = rf"(?i){_START}[^\n]*@"
_WITHOUT_HOST = rf"(?i){_START}\S+"
# What libpq takes in the place of a URL has more than a password, which may be a file's name.
_LIBPQ = r"(?i)(?<!\w)(?:host|hostaddr|port|user|dbname|service|sslmode|passfile)\s*="
_IN_QUERY = rf"(?i)([?&](?:{_NAMES}|\w*%[^\s=&]*)=)(?!\*\*\*)[^\s'\"]+"
_ASSIGNED = rf"(?i)(?<!\w)({_NAMES}\s*=\s*)(?!\*\*\*)(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)"


def url_without_password(url: str) -> str:
    """Return an address, even a malformed one, with any password replaced by `***`.

    It may be that of a database or of a store, or libpq's `host=… password=…`.
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
    """Return where a database or a store is, as `url_without_password`; a folder stays as it is."""
    return url_without_password(place) if "://" in place else place


def text_without_passwords(text: str) -> str:
    """Return a text with any password in an address that it holds replaced by `***`."""
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
    """Return a text as `text_without_passwords` does, and what it calls a password hidden, too."""
    return re.sub(_ASSIGNED, rf"\1{_HIDDEN}", text_without_passwords(text))


def _secret_option(url: str) -> int | None:
    """Return where the value of the first secret option of a URL's query begins.

    A name that is partly escaped is taken for one: libpq understands `pass%77ord`, too.
    """
    for option in re.finditer(_OPTION, url):
        if "%" in option[1] or re.match(_SECRET_NAME, unquote(option[1])):
            return option.end()
    return None
