"""What a statement of a dump may be: all that fills the one database it is given, and no more.

It is a list of what `mariadb-dump` and `mysqldump` write, and not of what is dangerous: whatever is
not on it is refused, with its line. A name with another database before it never is.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Tuple

from .statements import Statement

NAME = rb"(?P<name>`(?:[^`]|``)+`|[A-Za-z_$][\w$]*)"
WORD = rb"(?:`(?:[^`]|``)+`|[\w$]+)"
ENCODED = rb"(?:utf8|utf8mb3|utf8mb4|latin1|binary|ascii)"
"""Character sets in which no part of a character is a quote or a backslash."""

CHARSET = rb"character_set_(?:client|results)"
SETTING = (
    rb"(?:collation_connection|time_zone|unique_checks|foreign_key_checks|sql_mode|sql_notes"
    rb"|note_verbosity|autocommit)"
)
ASSIGNED = (
    rb"(?:@\w+\s*=\s*@@(?:" + CHARSET + rb"|" + SETTING + rb")|NAMES\s+" + ENCODED
    + rb"|" + CHARSET + rb"\s*=\s*(?:@\w+|" + ENCODED + rb")"
    + rb"|(?:@@)?" + SETTING + rb"\s*=\s*(?:@\w+|''|\d+|[A-Za-z]\w*))"
)  # fmt: skip
VALUES = rb"(?:\s*\([^()]*\))?\s+VALUES\b"


def _form(kind: str, words: bytes) -> Tuple[str, re.Pattern[bytes]]:
    pattern = words.replace(b" ", rb"\s+")
    return kind, re.compile(rb"\s*" + pattern, re.IGNORECASE)


FORMS = (
    _form("row", rb"(?:INSERT|REPLACE)(?: IGNORE)? INTO " + NAME + VALUES),
    _form("setting", rb"SET " + ASSIGNED + rb"(?:\s*,\s*" + ASSIGNED + rb")*\s*\Z"),
    _form("table", rb"CREATE TABLE(?: IF NOT EXISTS)? " + NAME + rb"\s*\("),
    _form("sequence", rb"CREATE SEQUENCE(?: IF NOT EXISTS)? " + NAME + rb"(?=[\s;])"),
    _form("drop", rb"DROP (?:TABLE|VIEW|SEQUENCE)(?: IF EXISTS)? " + NAME + rb"\s*\Z"),
    _form("lock", rb"LOCK TABLES? " + NAME + rb" (?:WRITE|READ(?: LOCAL)?)\s*\Z"),
    _form("lock", rb"UNLOCK TABLES\s*\Z"),
    _form("keys", rb"ALTER TABLE " + NAME + rb" (?:DIS|EN)ABLE KEYS\s*\Z"),
    _form("number", rb"(?:DO|SELECT) SETVAL\s*\(\s*" + NAME + rb"\s*,[\s\d,-]*\)\s*\Z"),
    _form("commit", rb"(?:COMMIT|BEGIN|START TRANSACTION)\s*\Z"),
    _form(
        "view",
        rb"CREATE(?: OR REPLACE)?(?: ALGORITHM\s*=\s*\w+)?(?: DEFINER\s*=\s*" + WORD + rb"@" + WORD
        + rb")?(?: SQL SECURITY \w+)? VIEW " + NAME + rb" AS SELECT\b",
    ),
)  # fmt: skip
"""Statements that a dump may have, by the beginning of their shape; the frequent ones first."""

STANDING = _form(
    "standing",
    rb"CREATE(?: OR REPLACE)?(?: DEFINER\s*=\s*" + WORD + rb"@" + WORD + rb")?(?: AGGREGATE)?"
    rb" (?P<what>TRIGGER|PROCEDURE|FUNCTION|EVENT|PACKAGE(?: BODY)?)(?: IF NOT EXISTS)? " + NAME,
)[1]
"""What runs by itself, or as somebody else: it stands in the way of a restore."""

ELSEWHERE = re.compile(
    rb"(?<![0-9])\.|\.(?![0-9])|\bDIRECTORY\b|\bCONNECTION\b|\bUNION\b|\bSELECT\b", re.IGNORECASE
)
"""What leads a table out of the database that it is made in: a dot that is in no number is between
the names of a database and a table."""

QUOTED = re.compile(rb"`[^`]*`")

ENGINES = re.compile(rb"\bENGINE\s*=\s*'?(?!(?:InnoDB|Aria|MyISAM|MEMORY)\b)\w*", re.IGNORECASE)
"""An engine that keeps its rows elsewhere, or that was never tried."""

FOREIGN = re.compile(
    rb"[\x80-\xff@`$\"]|(?<![\w.])(?!(?:NULL|DEFAULT|_binary|_utf8mb4|_utf8|_latin1|0x[0-9A-F]*"
    rb"|[xbn](?=')|ON|DUPLICATE)\b)[A-Za-z_]\w*|\)\s*\(",
    re.IGNORECASE,
)
"""What is no plain value in a row."""

MODES = re.compile(rb"ANSI|NO_BACKSLASH|ORACLE|MSSQL|DB2|POSTGRESQL|MAXDB", re.IGNORECASE)
"""Modes in which quotes mean something else."""

DEFINER = re.compile(rb"\bDEFINER\s*=\s*(" + WORD + rb")@(" + WORD + rb")\s*", re.IGNORECASE)


class JudgedStatement(NamedTuple):
    """What a statement is (`kind`), which object it is about, and why it is refused, if it is."""

    kind: str
    name: str
    refused: str


def judged(found: Statement) -> JudgedStatement:
    """Return what a statement is, and whether it may be sent."""
    if found.wrong:
        return JudgedStatement("", "", found.wrong)
    standing = STANDING.match(found.shape)
    if standing:
        what = b" ".join(standing["what"].split()).decode().lower()
        return JudgedStatement("standing", f"{what} {plain(standing['name'])}", "")
    for kind, form in FORMS:
        match = form.match(found.shape)
        if match:
            name = plain(match["name"]) if match.groupdict().get("name") else ""
            return JudgedStatement(kind, name, _unfit(kind, found, match.end()))
    return JudgedStatement("", "", shown(found.shape))


def _unfit(kind: str, found: Statement, end: int) -> str:
    """Return why a statement of a good form is not sent all the same, "" for no reason."""
    words = shown(found.shape)
    if kind == "row":
        other = FOREIGN.search(found.shape, end)
        return f"{words} with more than plain values" if other else ""
    if kind == "setting":
        return f"{words} with quotes of another meaning" if MODES.search(found.text) else ""
    if kind in ("table", "sequence"):
        options = QUOTED.sub(b"``", found.shape[end:])
        other = ELSEWHERE.search(options)
        if other:
            return f"{words} that leads elsewhere: {other.group().decode('latin-1')}"
        engine = ENGINES.search(options)
        return f"{words} with {engine.group().decode('latin-1')}" if engine else ""
    return ""


def without_definer(text: bytes) -> bytes:
    """Return the text of a view without whom it runs as: it is made to be compared, and goes."""
    return DEFINER.sub(b" ", text, count=1)


def plain(name: bytes) -> str:
    """Return a name without its quotes."""
    if name.startswith(b"`"):
        name = name[1:-1].replace(b"``", b"`")
    return name.decode("utf-8", "replace")


def shown(shape: bytes) -> str:
    """Return a statement for people: its first words, without any value."""
    words: List[bytes] = shape.split(None, 3)[:3]
    return b" ".join(words).decode("utf-8", "replace")[:80]
