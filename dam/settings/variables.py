"""Reads the variables `DAM_…` from the environment and from `.env` in the current folder."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, get_args

from dotenv.parser import parse_stream
from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from dam.errors import words_for
from dam.settings.errors import MisspeltSettingError, SettingError, did_you_mean
from dam.settings.locations import shown_value

Digest = Literal["md5", "sha1"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
WorkerKind = Literal["process", "thread"]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

PREFIX = "DAM_"
MOST_PIXELS = 10_000_000_000
_ENV_FILE = Path(".env")
_ENV_ENCODING = "utf-8-sig"  # some editors write a byte order mark, which is not part of a name
_CHOICES = (*get_args(LogLevel), *get_args(Digest), *get_args(WorkerKind))


def _split_digests(value: object) -> object:
    if isinstance(value, str):
        return [_in_case(str.lower, name.strip()) for name in value.split(",") if name.strip()]
    return value


def _split_names(value: object) -> object:
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return value


def _split_workers(value: object, check: ValidatorFunctionWrapHandler) -> object:
    if not isinstance(value, str):
        return check(value)
    kind, colon, count = value.rpartition(":")
    try:
        return check((kind if colon else "process", count))
    except ValidationError:
        raise ValueError(value) from None  # so that the error shows the whole value as it was given


def _upper(value: object) -> object:
    return _in_case(str.upper, value) if isinstance(value, str) else value


def _in_case(change: Callable[[str], str], value: str) -> str:
    """Return a known choice in its own case; leave any other value as it is, for the error."""
    return change(value) if change(value) in _CHOICES else value


class Variables(BaseSettings):
    """The values of the variables; a field's description is the expected form, for the error."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=_ENV_FILE,
        env_file_encoding=_ENV_ENCODING,
        env_ignore_empty=True,
        extra="ignore",
    )

    database_url: str | None = None
    asset_storage_path: str | None = None
    worlds_config: str | None = None
    default_world_name: str | None = None
    workers: Annotated[
        tuple[WorkerKind, Annotated[int, Field(ge=1, le=256)]] | None,
        NoDecode,
        WrapValidator(_split_workers),
        Field(description="a number from 1 to 256, such as 4 or thread:4"),
    ] = None
    extra_digests: Annotated[
        frozenset[Digest],
        NoDecode,
        BeforeValidator(_split_digests),
        Field(description=f"one or more of {', '.join(get_args(Digest))}, separated by commas"),
    ] = frozenset()
    max_pixels: Annotated[
        Annotated[int, Field(ge=1, le=MOST_PIXELS)] | None,
        Field(description=f"a number of pixels from 1 to {MOST_PIXELS}, such as 600000000"),
    ] = None
    worker_environment: Annotated[
        frozenset[VariableName],
        NoDecode,
        BeforeValidator(_split_names),
        Field(description="names of variables, separated by commas"),
    ] = frozenset()
    log_level: Annotated[
        LogLevel, BeforeValidator(_upper), Field(description=", ".join(get_args(LogLevel)))
    ] = "WARNING"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, then `.env`; refuse misspelt names of our variables in both."""
        del settings_cls, init_settings, file_secret_settings
        for source in (env_settings, dotenv_settings):
            _refuse_misspelt_names(source, tuple(cls.model_fields))
        return env_settings, dotenv_settings


def _refuse_misspelt_names(source: PydanticBaseSettingsSource, fields: tuple[str, ...]) -> None:
    assert isinstance(source, EnvSettingsSource)
    place = ".env" if isinstance(source, DotEnvSettingsSource) else "the environment"
    for variable in source.env_vars:
        prefix, bare = variable[: len(PREFIX)].upper(), variable[len(PREFIX) :].lower()
        if prefix != PREFIX or bare in fields or bare.startswith("test_"):
            continue
        # Other programs may use the prefix, too: only a name like one of ours is refused.
        if get_close_matches(bare, fields, cutoff=0.6):
            known = tuple(PREFIX + field.upper() for field in fields)
            raise MisspeltSettingError(variable.upper(), place, known)


def _refuse_unreadable_lines() -> None:
    """Refuse bad lines about our variables, which the reader of `.env` would skip with a warning.

    Lines of other programs are ignored. The error shows no line: it may hold a password.
    """
    if not _ENV_FILE.is_file():
        return
    with _ENV_FILE.open(encoding=_ENV_ENCODING) as file:
        for binding in parse_stream(file):
            text = binding.original.string
            is_bare = binding.value is None and (binding.key or "").upper().startswith(PREFIX)
            if is_bare or (binding.error and PREFIX in text.upper()):
                blank_lines = text[: len(text) - len(text.lstrip())].count("\n")
                raise SettingError(
                    f"line {binding.original.line + blank_lines} of {_ENV_FILE}",
                    "not understood",
                    "NAME=value",
                    "check that each quote is closed; # begins a comment",
                )


def read_variables() -> Variables:
    """Return the current values of the variables.

    Raises:
        SettingError: A value cannot be used, or `.env` cannot be read.
        MisspeltSettingError: A name is almost that of one of our variables.
    """
    try:
        _refuse_unreadable_lines()
        return Variables()
    except ValidationError as error:
        fault = error.errors()[0]
        field, found = str(fault["loc"][0]), fault["input"]
        expected = Variables.model_fields[field].description or "text"
        hint, word = None, str(found).partition(":")[0]
        if word not in _CHOICES:
            hint = did_you_mean(word.upper(), _CHOICES) or did_you_mean(word.lower(), _CHOICES)
        # Not `from error`: pydantic's text shows the value, which may be an address.
        raise SettingError(PREFIX + field.upper(), shown_value(found), expected, hint) from None
    except UnicodeDecodeError as error:
        raise SettingError(".env", "not UTF-8 text", "lines of NAME=value") from error
    except OSError as error:
        raise SettingError(".env", f"unreadable: {words_for(error)}", "a readable file") from error
