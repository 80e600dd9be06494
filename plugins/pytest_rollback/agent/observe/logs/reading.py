"""One log line as it is meant: without colours, with its time and the level that it states."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

from . import levels, structured
from .timestamps import moment

COLOUR = re.compile(
    r"\x1b(?:\[[0-9;:?]{0,40}[A-Za-z]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[()][A-Z0-9])"
)
ACCESS = re.compile(
    r"\"(?:[A-Z]{3,9} [^\"]{1,4000} HTTP/[\d.]{1,4}|-)\" \d{3} (?:\d{1,12}|-)(?: |$)"
)
CONTAINER = re.compile(r"\S{20,40} (?:stdout|stderr) [FP] ")
BRACE = 240
"""Characters before an object: a time, a host, a tag."""

DEPTH = 2
"""Lines inside a line that are looked at: a container's log holds the program's."""


class LineRead(NamedTuple):
    """A line: when it was written (seconds since the epoch), its level, and its text.

    `level` is True for one of errors, False for a milder one, and None where none is stated.
    """

    when: Optional[float]
    level: Optional[bool]
    text: str


def read(line: str, depth: int = DEPTH) -> LineRead:
    """Return a line as it is meant."""
    text = COLOUR.sub("", line) if "\x1b" in line else line
    text = text.rstrip("\r\n")
    if not text or text[0].isspace():
        return LineRead(None, None, text)
    brace = text.find("{", 0, BRACE)
    if brace >= 0 and text.endswith("}") and (not brace or text[brace - 1] in " :|\t"):
        found = structured.read(text[brace:])
        if found:
            return _of_object(text, brace, found, depth)
    return _of_text(text, depth)


def stamp(line: str) -> Optional[float]:
    """Return when a line was written, in seconds since the epoch; None where it does not say."""
    return read(line).when


def _of_object(text: str, brace: int, found: structured.Structured, depth: int) -> LineRead:
    """Return a line that ends in an object; what stands before the object comes first."""
    head = text[:brace]
    outer = moment(head) if head else None
    level = levels.stated(head) if head else None
    level = found.level if level is None else level
    if level is None and found.message and depth:
        level = read(found.message, depth - 1).level
    return LineRead(outer.when if outer else found.when, level, text)


def _of_text(text: str, depth: int) -> LineRead:
    """Return a line of plain text; one of an access log has a status, and is no error."""
    found = moment(text)
    when = found.when if found else None
    container = CONTAINER.match(text)
    if container and depth:
        return LineRead(when, read(text[container.end() :], depth - 1).level, text)
    level = levels.stated(text)
    if level is None and '" ' in text[:8192] and ACCESS.search(text[:8192]):
        level = False
    return LineRead(when, level, text)
