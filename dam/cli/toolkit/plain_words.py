"""Words that people try first, and the commands that do what they mean."""

from collections.abc import Mapping

_FIND = (
    "`search WORD` finds by names, tags and more, `find-similar-images FILE` by looks, "
    "`find-file-by-hash HASH` by bytes"
)
_ADD = "`add-asset PATH` adds files and folders, `comic import PATH` adds comics"
_REMOVE = "`remove-asset ID` removes assets"
_RESTORE = "`restore-asset ID` takes assets out of the trash"
_HELP = "`--help` lists all commands, `COMMAND --help` explains one"

ROOT: Mapping[str, str] = {
    "ls": "`list` lists assets, `list-worlds` worlds, `failures` failures; `status` counts all",
    **dict.fromkeys(("find", "query"), _FIND),
    **dict.fromkeys(("add", "import", "ingest", "scan"), _ADD),
    **dict.fromkeys(("rm", "remove", "delete", "del"), _REMOVE),
    "export": "`export-asset ID` writes assets into a folder, `comic export` writes comics",
    "help": _HELP,
    "info": "`show ID` tells all about an asset, `status` about the world",
    "init": "`setup-db` creates the database",
    **dict.fromkeys(("restore", "undelete", "untrash"), _RESTORE),
    "similar": "`find-similar-images FILE` finds pictures that look alike",
    "worlds": "`list-worlds` lists worlds",
}
COMIC: Mapping[str, str] = {
    **dict.fromkeys(("list", "ls", "search"), "`comic find WORD` finds comics by their titles"),
    "add": "`comic import PATH` adds comics, `comic add-page` adds a page",
    **dict.fromkeys(
        ("rm", "delete", "del"),
        "`comic remove ID` removes a comic with its pages, `comic remove-page` a page",
    ),
    "help": "`comic --help` lists all commands, `comic COMMAND --help` explains one",
    "info": "`comic show ID` tells all about a comic",
}
