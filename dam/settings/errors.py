"""Errors of settings that cannot be used; their messages never show a password."""

from difflib import get_close_matches

from dam.errors import (
    EnvironmentFaultError,
    report_without_passwords,
    url_without_password,
)


class SettingError(EnvironmentFaultError):
    """A setting's value cannot be used; `found` shows it without any password."""

    def __init__(self, setting: str, found: str, expected: str, hint: str | None = None) -> None:
        found = report_without_passwords(found)
        self.setting = setting
        self.found = found
        self.expected = expected
        super().__init__(f"{setting} is {found}; expected {expected}", hint)


class MisspeltSettingError(EnvironmentFaultError):
    """A name looks like that of a setting but is none, so its value would be ignored."""

    def __init__(
        self, name: str, place: str, known: tuple[str, ...], hint: str | None = None
    ) -> None:
        name = url_without_password(name)
        self.name = name
        self.place = place
        self.known = known
        hint = hint or did_you_mean(name, known) or f"known: {', '.join(known)}"
        super().__init__(f"unknown setting {name} in {place}", hint)


class WorldSetTwiceError(EnvironmentFaultError):
    """The single variables and the list of worlds both set the same world."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"the world {name!r} is set twice: in DAM_WORLDS_CONFIG, and by DAM_DATABASE_URL or "
            "DAM_ASSET_STORAGE_PATH",
            "unset one, or set DAM_DEFAULT_WORLD_NAME to another name",
        )


class SharedLocationError(EnvironmentFaultError):
    """Two worlds have the same database or the same store."""

    def __init__(self, url: str, first: str, second: str) -> None:
        self.url = url
        self.first = first
        self.second = second
        super().__init__(
            f"the worlds {first!r} and {second!r} share {url}",
            "give each world a database and a store of its own",
        )


def did_you_mean(name: str, known: tuple[str, ...]) -> str | None:
    """Return a hint that names the most similar known name, None if no name is similar."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None
