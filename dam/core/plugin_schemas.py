"""The tables of plugins: which plugin has migrations, and what is wrong with its tables."""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from sqlalchemy.exc import InvalidRequestError

from dam.core.ecs.components import Base, table_of
from dam.core.systems.params import Plan
from dam.core.systems.signatures import call_fault
from dam.errors import BuildFault

_LONGEST_NAME = 40  # PostgreSQL cuts the name of a table after 63 bytes: see `version_table`
_TAKEN = re.compile(r"Table '(.+?)' is already defined")


@dataclass(frozen=True, kw_only=True)
class PluginSchema:
    """The tables that an installed plugin needs.

    Args:
        plugin: The name of the plugin: its import package.
        revision: The newest of the migrations in the folder `migrations` of that package; empty
            if it has no migrations, and makes its tables itself.
        systems: The names of its systems, by the tables of their markers.
    """

    plugin: str
    revision: str
    systems: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_migrations(self) -> bool:
        """Whether `setup-db` makes the tables of the plugin."""
        return bool(self.revision)

    @property
    def version_table(self) -> str:
        """The table in which Alembic keeps the plugin's revision."""
        return f"alembic_version_{self.plugin}"

    def table_names(self) -> set[str]:
        """Return the names of the tables of the plugin's classes."""
        return {table_of(kind).name for kind in _classes_of({self.plugin})}


class PluginSchemas(tuple[PluginSchema, ...]):
    """The schemas of a world's plugins, in the order in which these were loaded."""

    __slots__ = ()


class DeclaredSchemas:
    """Collects which plugins there are, and which of them have migrations."""

    def __init__(self) -> None:
        self._packages: dict[str, None] = {}
        self._revisions: dict[str, str] = {}
        self._faults: list[BuildFault] = []

    def add_package(self, package: str) -> None:
        """Note a package that is a plugin, so that its tables are checked."""
        self._packages[package] = None

    def add(self, package: str, revision: str, caller: FrameType) -> None:
        """Note that a plugin has migrations; `caller` is where it says so."""
        if not package.isidentifier() or len(package) > _LONGEST_NAME:
            found = f"add_migrations is given {package!r}, which is not the name of a plugin"
            hint = f"give the name of your top-level package, at most {_LONGEST_NAME} characters"
            self._faults.append(call_fault(caller, found, hint))
        self.add_package(package)
        self._revisions[package] = revision

    def faults(self) -> list[BuildFault]:
        """Return what is wrong with the declarations, and with the tables of all plugins."""
        return [*self._faults, *_restricting_keys(self._packages)]

    def schemas(self, plans: Iterable[Plan]) -> PluginSchemas:
        """Return the schema of each plugin, with its systems among `plans`."""
        systems: dict[str, dict[str, str]] = defaultdict(dict)
        for plan in plans:
            if plan.marker is not None:
                systems[package_of(plan.marker)][table_of(plan.marker).name] = plan.name
        return PluginSchemas(
            PluginSchema(
                plugin=package, revision=self._revisions.get(package, ""), systems=systems[package]
            )
            for package in self._packages
        )


def package_of(kind: type[Base]) -> str:
    """Return the top-level package that defines a class: `dam`, or the name of a plugin."""
    return kind.__module__.partition(".")[0]


def loaded_packages() -> set[str]:
    """Return the top-level packages whose classes have tables: `dam` and the loaded plugins."""
    return {package_of(mapper.class_) for mapper in Base.registry.mappers}


def reason_of(error: BaseException) -> str:
    """Return why a plugin could not be loaded; names the class whose table it defines again."""
    taken = _TAKEN.match(str(error)) if isinstance(error, InvalidRequestError) else None
    for first in _subclasses(Base):
        if taken and "__table__" in vars(first) and table_of(first).name == taken[1]:
            return (
                f"its table {taken[1]!r} is already that of {first.__module__}.{first.__name__}; "
                "expected a name that begins with `component_` and the name of the plugin"
            )
    return f"{type(error).__name__}: {error}"


def _subclasses(kind: type[Base]) -> Iterator[type[Base]]:
    """Yield all subclasses, also one that SQLAlchemy could not map, as its registry cannot."""
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _classes_of(packages: Iterable[str]) -> list[type[Base]]:
    wanted = set(packages)
    found = [mapper.class_ for mapper in Base.registry.mappers]
    return sorted((k for k in found if package_of(k) in wanted), key=lambda k: table_of(k).name)


def _restricting_keys(packages: Iterable[str]) -> list[BuildFault]:
    """Return a fault for each foreign key of plugins that could keep an entity from being deleted.

    When the plugin is not installed, only the database can delete its rows.
    """
    return [
        _class_fault(
            kind,
            f"{table_of(kind).name}.{key.parent.name} refers to {key.target_fullname} "
            f"with ON DELETE {key.ondelete or 'NO ACTION'}; expected CASCADE",
            'write ForeignKey(…, ondelete="CASCADE")',
        )
        for kind in _classes_of(packages)
        for key in sorted(table_of(kind).foreign_keys, key=lambda key: key.parent.name)
        if (key.ondelete or "").upper() != "CASCADE"
    ]


def _class_fault(kind: type[Base], found: str, hint: str) -> BuildFault:
    file, line = "?", 0
    with suppress(OSError, TypeError):  # its source is not there
        file, line = inspect.getsourcefile(kind) or "?", inspect.getsourcelines(kind)[1]
    return BuildFault(file=file, line=line, function=kind.__name__, found=found, hint=hint)
