"""Reports any exception: as one line for people, or as one JSON value for programs."""

import re

import typer

from dam.cli.toolkit.carets import pointed
from dam.cli.toolkit.output import complain, json_text, write_error_text
from dam.errors import (
    DamError,
    ExitCode,
    UsageError,
    described,
    host_limit,
    report_without_passwords,
)
from dam.stopping import requested_stop

_EXPECTED = {
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}


_LONGEST_WORD, _LONGEST_MESSAGE = 60, 400
_SUGGESTION = re.compile(r"\. Did you mean (.*)\?$| \(Possible options: (.*)\)$")


class StoppedByUserError(DamError):
    """The user pressed Ctrl-C."""

    exit_code = ExitCode.INTERRUPTED
    how = "interrupted"

    def __init__(self) -> None:
        super().__init__(f"{self.how}; what was finished stays finished")


class TerminatedError(StoppedByUserError):
    """SIGTERM was sent, by `kill` or by a machine that shuts down."""

    exit_code = ExitCode.TERMINATED
    how = "stopped by SIGTERM"


class HungUpError(StoppedByUserError):
    """The terminal was closed."""

    exit_code = ExitCode.HUNG_UP
    how = "stopped by SIGHUP"


_BY_SIGNAL = {"SIGINT": StoppedByUserError, "SIGTERM": TerminatedError, "SIGHUP": HungUpError}


class InternalError(DamError):
    """A bug in dam."""

    exit_code = ExitCode.BUG

    def __init__(self, error: BaseException) -> None:
        self.error = error
        super().__init__(
            f"this is a bug in dam: {report_without_passwords(described(error))}",
            "run it again with --debug, and report the traceback",
        )


def fault_of(error: BaseException) -> DamError:
    """Return the error to report for an exception that no command handled."""
    if stop := requested_stop():
        return _BY_SIGNAL[stop.signal.name]()
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, DamError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return StoppedByUserError()
    if isinstance(error, typer.TyperException):
        return _usage_error(error)
    return host_limit(error) or InternalError(error)


def report(fault: DamError, *, as_json: bool) -> None:
    """Write an error to stderr, with its details and hint."""
    if as_json:
        more = {name: getattr(fault, name) for name in fault.json_fields}
        kind = type(fault).__name__
        if fault.text_place is not None:
            more.setdefault("position", fault.text_place.position)
        said = {"error": kind, "message": fault.message, "hint": fault.hint, **more}
        write_error_text(json_text(said) + "\n")
        return
    complain(f"error: {fault.message}")
    place = fault.text_place
    for detail in (*fault.details, *(pointed(*place) if place is not None else ())):
        complain(f"  {detail}")
    if fault.hint:
        complain(f"hint: {fault.hint}")


def _usage_error(error: typer.TyperException) -> UsageError:
    text = " ".join(_in_our_words(error).split())
    suggestion = None
    if match := _SUGGESTION.search(text):
        text, suggestion = text[: match.start()], match[1] or match[2]
    message = _without_long_words(text[:1].lower() + text[1:].removesuffix("."))
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "dam-cli"
    return UsageError(
        message, f"did you mean {suggestion}?" if suggestion else f"see {path} --help"
    )


def _without_long_words(text: str) -> str:
    """Return a message that Typer made of what people wrote, which may be of any length."""
    text = re.sub(rf"(\S{{{_LONGEST_WORD}}})\S+", r"\1…", text)
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"


def _in_our_words(error: typer.TyperException) -> str:
    """Return Typer's message, with our words in the place of pydantic's for a bad value."""
    text = error.format_message()
    text = re.sub(
        r"^Got unexpected extra argument\(s\) \((.*)\)$", r"unexpected argument: \1", text
    )
    if error.__cause__ is None:
        return text
    from pydantic import ValidationError

    if not isinstance(error.__cause__, ValidationError):
        return text
    (fault, *_) = error.__cause__.errors()
    ours = fault["msg"].removeprefix("Value error, ")
    if expected := _EXPECTED.get(fault["type"]):
        ours = f"{fault['input']!r}; expected {expected.format(**fault.get('ctx', {}))}"
    return text.replace(fault["msg"], ours)
