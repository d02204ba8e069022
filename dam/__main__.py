"""`python -m dam` is `dam-cli`."""

from dam.cli import app

app()
