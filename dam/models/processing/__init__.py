"""Markers: each asks for one kind of work on its entity, and is removed when that is done."""
