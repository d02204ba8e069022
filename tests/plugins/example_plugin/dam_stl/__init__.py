"""STL models in dam: an example of a plugin.

This file imports nothing, so that a worker that imports `dam_stl.reading` gets neither SQLAlchemy
nor the runtime of dam.
"""
