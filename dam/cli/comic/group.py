"""The list of all commands of comics."""

from dam.cli.comic.files import export_comic, import_comic
from dam.cli.comic.overlap import duplicates, overlap
from dam.cli.comic.pages import add_page, move_page, pages, remove_page, reorder, where_used
from dam.cli.comic.removal import remove_comic
from dam.cli.comic.works import create, edit, find, link, set_primary, show_comic, unlink, variants
from dam.cli.toolkit.command import Group

COMIC = Group(
    name="comic",
    doc="Manage comics: works, their variants and pages.",
    examples=(
        "dam-cli comic import -r ~/Comics",
        "dam-cli comic find batman",
        "dam-cli comic show 12",
    ),
    commands=[
        *(import_comic, export_comic),
        *(find, show_comic, create, edit, remove_comic),
        *(variants, link, unlink, set_primary),
        *(pages, add_page, remove_page, move_page, reorder, where_used),
        *(overlap, duplicates),
    ],
)
