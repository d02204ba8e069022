"""Tells programs from documents, so that a file is not run where it was to be looked at."""

import re

HEAD_BYTES = 4096
"""How much of a file `program_kind` needs to see."""

_MAGIC = {
    b"\x7fELF": "a Linux program",
    b"MZ": "a Windows program",
    b"\xfe\xed\xfa\xce": "a macOS program",
    b"\xfe\xed\xfa\xcf": "a macOS program",
    b"\xce\xfa\xed\xfe": "a macOS program",
    b"\xcf\xfa\xed\xfe": "a macOS program",
    b"\xca\xfe\xba\xbe": "a program",
    b"\x00asm": "a program",
    b"#!": "a script",
    b"L\x00\x00\x00\x01\x14\x02\x00": "a Windows shortcut",
}
_ENDINGS = {
    "a starter of the desktop": "desktop directory service url webloc lnk scf",
    "a program": "exe com scr pif msi msix appx cpl dll so bin run out elf appimage app jar class",
    "a script": "sh bash zsh csh fish ksh command tool bat cmd ps1 psm1 vbs vbe js jse mjs wsf wsh "
    "hta py pyw pyz pyc pl rb php lua tcl applescript scpt workflow",
    "a package that installs programs": "deb rpm pkg dmg apk flatpak flatpakref flatpakrepo snap "
    "xpi crx",
}
_BY_ENDING = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
_DESKTOP_ENTRY = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\n]*\n)*\[(?:Desktop Entry|KDE Desktop)")


def program_kind(name: str, head: bytes) -> str | None:
    """Return what kind of program a file is, in words, or None if it is no program.

    Either the name or the content is enough: desktops go by one or the other.

    Example: `program_kind("holiday.desktop", b"")` returns "a starter of the desktop".

    Args:
        name: The name of the file; dots and blanks at its end do not count.
        head: Its first `HEAD_BYTES` bytes.
    """
    ending = name.rstrip(". ").casefold().rpartition(".")[2]
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if _DESKTOP_ENTRY.match(head):
        return "a starter of the desktop"
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
