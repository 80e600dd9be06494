"""What looks like a value in a text of any format: settings, texts in quotes, long words."""

from __future__ import annotations

import re
from typing import Iterator, List, Tuple

from ...system.masking.ordinary import NAMES
from .values import LOOSE, Pair, is_random, words

Read = Tuple[List[Pair], bool]
"""The pairs of a text, and whether all of it is understood."""

SETTING = re.compile(
    r"^[\s\"'<-]*(?:export\s+|set\s+)?([\w.:/-]{1,100})[\"'\]]*\s*(?:=>|:=|=|:)\s*(\S.*)$"
)
QUOTED = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'", re.DOTALL)
COMMENT = re.compile(r"(?<!\s)\s+(?:[#;]|//).*$")
WORD = r"(\"[^\"\\]{0,999}(?:\\.[^\"\\]{0,99}){0,99}\"|'[^']{0,999}'|[^\s;&|\"']+)"
ASSIGNED = re.compile(rf"(?<![^\s;(])([A-Za-z_]\w{{0,80}})={WORD}")
DEFAULT = re.compile(r"\$\{(\w{1,80}):?[-=+]([^{}\n]{1,999})\}")
OPTION = re.compile(rf"(?<!\S)--?([A-Za-z][\w-]{{0,60}})[ =]{WORD}")
USER = re.compile(r"(?<!\S)(?:-u|-U|--(?:proxy-)?user)[ =]?[\"']?[^\s:\"']{1,64}:([^\s\"']+)")
CLIENT = re.compile(
    r"\b(?:mysql|mariadb|sshpass|redis-cli|mongo|ldap|docker login|htpasswd|smbclient)"
)
SHORT = re.compile(r"\s-[abpwW]\s?[\"']?([^\s\"'-][^\s\"']{5,})")
"""What a line of a shell sets, falls back to, and hands to programs, of which some have short
options for a password."""

LONG = 12
"""Letters of a word that is a value wherever it stands, in a text of no known format."""


def lexical(text: str) -> List[Pair]:
    """Return what looks like a setting, everything in quotes, and long words, of any text."""
    found: List[Pair] = []
    for line in text.split("\n"):
        told = SETTING.match(line)
        if told:
            rest = told[2].strip().rstrip(",;")
            found += [(told[1], rest), (told[1], COMMENT.sub("", rest).strip("'\" "))]
        found += [("", word.strip("\"',;")) for word in line.split() if len(word) >= LONG]
        found += settings(line)
    texts = [double or single for double, single in QUOTED.findall(text)]
    return found + [("", each) for each in texts]


def settings(line: str) -> Iterator[Pair]:
    """Yield what a line of a shell sets and falls back to, and the secrets that it hands on."""
    for name, word in ASSIGNED.findall(line):
        yield name, word.strip("'\"")
    yield from DEFAULT.findall(line)
    for name, word in OPTION.findall(line):
        if NAMES.search(name):
            yield name, word.strip("'\"")
    yield from (("password", each) for each in USER.findall(line))
    if CLIENT.search(line):
        yield from (("password", each) for each in SHORT.findall(line))


def pieces(text: str) -> Iterator[Pair]:
    """Yield words that are a secret of their own: of continued lines, and at random (`LOOSE`)."""
    before = ""
    for line in text.split("\n") if "\\\n" in text else ():
        if "\\" in (line[-1:], before[-1:]):
            piece = re.split(r"[=:]", line, maxsplit=1)[-1].strip(" \t\\\"'")
            yield from [("", piece)] if len(piece) >= LONG and " " not in piece else ()
        before = line
    yield from ((LOOSE, word) for word in words(text) if is_random(word))
