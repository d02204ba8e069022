"""Texts of many kinds, in many encodings: none is a picture, a sound or a program."""

import base64
import json
from collections.abc import Iterator

SOURCES = (
    '#include <stdio.h>\nint main(void) {\n    printf("%d, %d\\n", 1, 2);\n    return 0;\n}\n',
    "#include <vector>\nstd::vector<int> a{1, 2, 3};\nauto f = [](int x) { return x; };\n",
    'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("a", 1)\n}\n',
    'fn main() {\n    let a = vec![1, 2, 3];\n    println!("{}, {}", a[0], a[1]);\n}\n',
    'import os, sys\n\n\ndef f(a, b):\n    """Return it."""\n    return a[b], os.name\n',
    '#!/bin/sh\nset -eu\nfor f in *; do\n  echo "$f" >&2\ndone\n',
    "const a = (b, c) => ({ b, c });\nmodule.exports = { a };\n// GIF89a in a comment\n",
    'interface A { b: string; c?: number }\nexport const d: A = { b: "x" };\n',
    "public class A {\n    public static void main(String[] a) { f(1, 2); }\n}\n",
    "using System;\nnamespace A { class B { int C(int d, int e) => d + e; } }\n",
    "module A where\nimport Data.List (sort, nub)\nf :: Int -> Int\nf x = x + 1\n",
    "defmodule A do\n  def b(c, d), do: {c, d}\nend\n",
    "class A\n  attr_reader :b, :c\n  def d = [b, c]\nend\n",
    "<?php\n$a = [1, 2, 3];\necho implode(', ', $a);\n",
    "SELECT a, b\nFROM c\nWHERE d IN (1, 2, 3)\nORDER BY a, b;\n",
    "(define (f a b)\n  (if (> a b) a (f b a)))\n",
    "local a, b = 1, 2\nprint(a, b)\nreturn { a, b }\n",
    'my ($a, $b) = @_;\nprint join(", ", $a, $b), "\\n";\n',
    "f <- function(a, b) {\n  c(a, b)\n}\nprint(f(1, 2))\n",
    'fun main() {\n    val (a, b) = 1 to 2\n    println("$a, $b")\n}\n',
    "      PROGRAM A\n      INTEGER I, J\n      WRITE (*,*) I, J\n      END\n",
    "       IDENTIFICATION DIVISION.\n       PROGRAM-ID. HELLO.\n",
    "section .text\n  mov eax, 1\n  add eax, ebx\n  ret\n",
    "all: a.o b.o\n\t$(CC) -o $@ $^\n\n.PHONY: all\n",
    "body { color: red; margin: 0, 1px }\n@media print { p { display: none } }\n",
    '[tool]\nname = "x"\nvalues = [1, 2]\n',
    "a:\n  - b: 1\n  - c: [1, 2]\n",
    "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
)
LOGS = (
    "2024-05-17 10:11:12,345 INFO started, 3 workers\n2024-05-17 10:11:13,001 WARN slow\n",
    '127.0.0.1 - - [17/May/2024:10:11:12 +0200] "GET /a.gif HTTP/1.1" 200 12\n' * 3,
    "May 17 10:11:12 host kernel: [    0.000000] Linux version 6.1\n" * 4,
    "From: nobody in particular\nwe had a letter, and To: is a word\n",
    "Date: today\nTo: do the dishes\nNote: buy milk\n",
)
MARKED = tuple(
    f"{mark} {rest}"
    for mark in (
        *(
            "BM",
            "GIF8",
            "GIF89a",
            "II*",
            "MM",
            "P6",
            "P3 3 4 apples",
            "8BPS",
            "RIFF",
            "ID3",
            "%PDF",
        ),
        *("MZ", "PK", "OggS", "fLaC", "FORM", "Rar!", "BZh91", "ftyp", "RIFF or WAVE", "P1 10 20"),
        *(
            "<svg is an element,",
            "<3 <svg width='1'>,",
            "<svg>",
            "<head over heels",
            "<b",
            "\x1b[1m",
        ),
    )
    for rest in ("is how some files begin.\n", "in prose, line one\nand line two, no more\n")
)
DATA = (
    base64.encodebytes(bytes(range(256)) * 3).decode(),
    base64.b64encode(b"GIF89a" * 30).decode(),
    "a, or d\tb\tc\n1\t2\t3\n",
    "Roses are red, my dear\nViolets are blue, I hear\nSugar is sweet, they say\n",
)
WIDE = (
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002\n\u4e8c\u884c\u76ee\u3002\n" * 3,
    "BM\u306f\u753b\u50cf\u3067\u306f\u306a\u3044\u3002\nP6\u3082\u540c\u3058\u3002\n",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440\nII* \u0442\u0435\u043a\u0441\n",
)
_WESTERN = ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037")
_EASTERN = ("utf-8", "utf-16", "utf-32", "shift_jis", "euc_jp", "iso2022_jp", "gb18030")
TABLES = (
    "name,age,city\nAnn,30,Rome\nBo,25,Oslo\nCy,9,Bern\n",
    '"a, b",1\n"c ""d""",2\n"e\nf",3\n',
)


def plain() -> Iterator[bytes]:
    """Yield texts that are `text/plain`, and source code that may be another text."""
    for text in (*SOURCES, *LOGS, *MARKED, *DATA):
        for encoding in _WESTERN:
            yield text.encode(encoding)
    for text in WIDE:
        for encoding in _EASTERN:
            yield text.encode(encoding)


def tables() -> Iterator[bytes]:
    """Yield CSV in encodings."""
    for text in TABLES:
        for encoding in _WESTERN[:-1]:
            yield text.encode(encoding)


def lists() -> Iterator[bytes]:
    """Yield JSON."""
    for value in ({"a": [1, 2], "b": "GIF89a"}, [{"a": 1}, {"a": 2}], ["BM", "P6"]):
        for indent in (None, 2):
            text = json.dumps(value, indent=indent)
            yield from (text.encode(encoding) for encoding in ("utf-8", "utf-8-sig", "utf-16"))
