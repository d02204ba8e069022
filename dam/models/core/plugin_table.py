"""The tables that plugins have in the database."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dam.core.ecs.components import Base


class PluginTable(Base, kw_only=True):
    """A table that the migrations of a plugin made; known here also when the plugin is not there.

    The table of Alembic in which a plugin's revision is kept is one of them.

    Attributes:
        table_name: The name of the table.
        plugin: The plugin that it belongs to, by its import package.
        revision: The revision of the plugin's migrations.
        system: The system that works on the table's entities, if it is the table of a marker.
    """

    __tablename__ = "dam_plugins"

    table_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    plugin: Mapped[str] = mapped_column(String(63))
    revision: Mapped[str] = mapped_column(String(255))
    system: Mapped[str | None] = mapped_column(String(255), default=None)
