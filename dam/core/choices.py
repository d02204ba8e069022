"""Checks that a text is one of those that a call takes."""

from collections.abc import Collection


def check_choice(name: str, found: str, choices: Collection[str]) -> None:
    """Raise unless a text is one of these: scripts without a type checker pass any.

    Example: `check_choice("source", "usr", ["user", "file"])` raises.

    Args:
        name: What the text is called in the call.
        found: The text.
        choices: The texts that are allowed.

    Raises:
        ValueError: It is none of them.
    """
    if found not in choices:
        raise ValueError(f"{name} is one of {', '.join(choices)}; found {found!r}")
