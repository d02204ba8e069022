"""dam: digital assets as entities, components and systems, over a content-addressed store."""

__version__ = "0.1.0"
