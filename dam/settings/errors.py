"""Settings that cannot be used; none of these ever shows a password."""

from difflib import get_close_matches

from dam.errors import EnvironmentFaultError, UsageError


class SettingError(EnvironmentFaultError):
    """A setting's value cannot be used; `found` shows it without any password."""

    def __init__(self, setting: str, found: str, expected: str, hint: str | None = None) -> None:
        self.setting = setting
        self.found = found
        self.expected = expected
        super().__init__(f"{setting} is {found}; expected {expected}", hint)


class MisspeltSettingError(EnvironmentFaultError):
    """A name is no setting but looks like one, so what it says would be lost."""

    def __init__(self, name: str, place: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.place = place
        self.known = known
        hint = did_you_mean(name, known) or f"known: {', '.join(known)}"
        super().__init__(f"unknown setting {name} in {place}", hint)


class UnknownWorldError(UsageError):
    """No world of that name is set."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.known = known
        super().__init__(
            f"no world named {name!r}; known: {', '.join(known)}", did_you_mean(name, known)
        )


def did_you_mean(name: str, known: tuple[str, ...]) -> str | None:
    """Return a hint that names what comes nearest, if anything comes near."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None
