"""The variables `DAM_…`: their names, their forms and their defaults."""

from collections.abc import Callable
from typing import Annotated, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

Digest = Literal["md5", "sha1"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
WorkerKind = Literal["process", "thread"]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

PREFIX = "DAM_"
MOST_PIXELS = 10_000_000_000
ENV_ENCODING = "utf-8-sig"  # some editors write a byte order mark, which is not part of a name
CHOICES = (*get_args(LogLevel), *get_args(Digest), *get_args(WorkerKind))


def _split_digests(value: object) -> object:
    value = _split_names(value)
    if isinstance(value, list):
        return [_in_case(str.lower, one) if isinstance(one, str) else one for one in value]
    return value


def _split_names(value: object) -> object:
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return value


def _split_workers(value: object, check: ValidatorFunctionWrapHandler) -> object:
    if isinstance(value, int) and not isinstance(value, bool):  # a number in `config.toml`
        value = str(value)
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
    return change(value) if change(value) in CHOICES else value


class Variables(BaseSettings):
    """The values of the variables; a field's description is the expected form, for the error."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file_encoding=ENV_ENCODING,
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
        Field(description="a number from 1 to 256, such as 4"),
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
        """Take only values that `dam.settings.reading` gives, which knows where each was read."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)
