"""Rules by which files and folders below a given folder are left out of an import."""

import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dam.errors import UsageError
from dam.storage.sources.folders import OpenFolder

IGNORE_NAME = ".damignore"
NOMEDIA_NAME = ".nomedia"
# Version control, and what systems keep in folders: thumbnails, deleted files, old versions.
_FOLDERS = frozenset(
    {
        *(".git", ".hg", ".svn", ".bzr", ".jj"),
        *("@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", ".@__thumb"),
        *(".Trash", ".Trashes", ".thumbnails", ".stversions", "lost+found"),
        *(".Spotlight-V100", ".fseventsd", ".TemporaryItems", ".DocumentRevisions-V100"),
        *(".AppleDouble", "$RECYCLE.BIN", "$Recycle.Bin", "System Volume Information"),
    }
)
_TRASH = ".Trash-"
_ENDING = "--ext"


class ExcludePatternError(UsageError):
    """A pattern is none in the syntax of `.gitignore`."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        super().__init__(
            f"not a valid pattern: {pattern!r}",
            "write it as in .gitignore: *.tmp, cache/, /raw/*.xmp",
        )


@dataclass(frozen=True, slots=True)
class _Pattern:
    text: str
    regex: re.Pattern[str]
    leaves_out: bool

    def concerns(self, path: str) -> bool:
        """Tell whether it matches this very path, not only a folder above it."""
        found = self.regex.search(path)
        if found is None:
            return False
        folder = found.groupdict().get("ps_d")
        return folder is None or found.end("ps_d") == len(path)


@dataclass(frozen=True, kw_only=True)
class FileSelection:
    """Which files below a given folder are imported. A path that is given itself always is.

    Args:
        exclude: Patterns of what is left out, in the syntax of `.gitignore`; they count from each
            given folder.
        extensions: Only files whose names end in one of these are taken: `("jpg", "tar.gz")`. Upper
            and lower case are the same. All are taken if it is empty.
        has_default_excludes: Leave out the folders of version control and of systems, such as
            `.git`, `@eaDir` and `.Trash-1000`, and what files named `.damignore` say.
        respects_nomedia: Leave out folders with a file named `.nomedia`.
        always: Names, in lower case, that `extensions` does not concern.

    Raises:
        ExcludePatternError: A pattern is not valid.
    """

    exclude: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    has_default_excludes: bool = True
    respects_nomedia: bool = False
    always: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in self.exclude:
            if not _patterns([text]):
                raise ExcludePatternError(text)

    def rules(self, top: str) -> "FolderRules":
        """Return the rules for the entries of a given folder.

        Files named `.damignore` in folders above it count, too. One that cannot be read does not.
        """
        found = [_PatternFile(top, "--exclude", _patterns(self.exclude))] if self.exclude else []
        if self.has_default_excludes:
            for folder in Path(top).parents:
                try:
                    lines = _lines_of(str(folder / IGNORE_NAME))
                except OSError:
                    continue
                if lines:
                    found.append(_PatternFile(str(folder), IGNORE_NAME, _patterns(lines)))
        endings = tuple("." + one.lower().removeprefix(".") for one in self.extensions)
        return FolderRules(self, tuple(found), endings)


USUAL_SELECTION = FileSelection()


@dataclass(frozen=True, slots=True)
class _PatternFile:
    """Patterns that count from one folder; `label` names them in a report."""

    folder: str
    label: str
    patterns: Sequence[_Pattern]

    def deciding(self, path: str) -> _Pattern | None:
        """Return the last pattern that concerns the path, as Git does."""
        start = len(os.path.join(self.folder, ""))  # noqa: PTH118 - strings, see `look_at`
        inner = path[start:].replace("\n", "\r")  # `.` of a regular expression is no line break
        return next((one for one in reversed(self.patterns) if one.concerns(inner)), None)


@dataclass(frozen=True, slots=True)
class FolderRules:
    """The rules for the entries of one folder: the first file of patterns that decides, does."""

    selection: FileSelection
    files: tuple[_PatternFile, ...]
    endings: tuple[str, ...]

    def inside(self, folder: OpenFolder, names: Iterable[str]) -> "FolderRules":
        """Return the rules for the entries of a folder, with those of its `.damignore`.

        Raises:
            OSError: The file cannot be read.
        """
        if not self.selection.has_default_excludes or IGNORE_NAME not in names:
            return self
        patterns = _patterns(_lines_of(folder.at(IGNORE_NAME), folder.fd))
        own = _PatternFile(folder.path, IGNORE_NAME, patterns)
        is_given = bool(self.files) and self.files[0].label != IGNORE_NAME
        return replace(self, files=(*self.files[:is_given], own, *self.files[is_given:]))

    def leaving_out(self, path: str, name: str, *, is_folder: bool) -> str | None:
        """Return the rule that leaves an entry out: `.damignore *.tmp`; None if none does."""
        for one in self.files:
            if (pattern := one.deciding(f"{path}/" if is_folder else path)) is not None:
                if pattern.leaves_out:
                    return f"{one.label} {pattern.text}"
                break
        else:
            if is_folder and self.selection.has_default_excludes:
                return name if name in _FOLDERS else _trash(name)
        if is_folder or not self.endings:
            return None
        lower = name.lower()
        is_taken = lower.endswith(self.endings) or lower in self.selection.always
        return None if is_taken else _ENDING

    def is_own_file(self, name: str) -> bool:
        """Tell whether a name is that of a file of rules, which is no file to import."""
        return name == IGNORE_NAME and self.selection.has_default_excludes


def left_out_text(counts: Mapping[str, int]) -> str:
    """Return how many files and folders each rule left out: `left out: 2 by .git, 1 by --ext`."""
    return "left out: " + ", ".join(f"{count} by {rule}" for rule, count in counts.items())


def _trash(name: str) -> str | None:
    return f"{_TRASH}*" if name.startswith(_TRASH) else None


def _lines_of(path: str, folder: int | None = None) -> list[str]:
    """Return the lines of a file of patterns; none if it is not a regular file."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    if not stat.S_ISREG(os.stat(path, dir_fd=folder, follow_symlinks=False).st_mode):
        return []
    with os.fdopen(os.open(path, flags, dir_fd=folder), "rb") as file:
        text = os.fsdecode(file.read().removeprefix(b"\xef\xbb\xbf"))
    return [line.removesuffix("\r") for line in text.split("\n")]


def _patterns(lines: Iterable[str]) -> list[_Pattern]:
    """Return the patterns of lines; a line that is none is passed over, as by Git."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - most imports need it for nothing

    found = []
    for line in lines:
        try:
            made = GitIgnoreSpec.from_lines([line]).patterns
        except ValueError:
            continue
        found += [
            _Pattern(line.strip(), one.regex, one.include)
            for one in made
            if one.include is not None and one.regex is not None
        ]
    return found
