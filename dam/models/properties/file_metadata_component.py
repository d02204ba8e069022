"""Everything that the metadata of a file says, by group and tag."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from dam.core.database.column_types import JsonText
from dam.core.ecs.components import Component


class FileMetadataComponent(Component, kw_only=True):
    """The tags of a file by group: `{"IFD0": {"Make": "Canon"}}`.

    Those of pictures are named as exiftool names them, without the notes of camera makers, and are
    at most 500,000 characters; the longest are left out. Videos and songs have the groups `Streams`
    and `Tags`.
    """

    __tablename__ = "component_file_metadata"

    values: Mapped[Mapping[str, Any]] = mapped_column(JsonText())
