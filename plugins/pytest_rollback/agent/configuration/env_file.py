"""Environment files, read as systemd reads `EnvironmentFile=`, or leniently, as shells and dotenv.

`systemd` follows `parse_env_file_internal` of systemd's env-file.c: a comment begins a line, a
backslash continues it, quotes may stand anywhere in a value and several times. What systemd
ignores has a `warning`, for the variable is not set then; what keeps a unit from starting, or
swallows the lines that follow, has a `problem`. No value is in any of them.
"""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=(.*)", re.DOTALL)
NEWLINES, BLANKS = "\n\r", " \t\n\r"
QUOTES = "'\""
NEED_ESCAPE = '"\\`$'
"""What a backslash within double quotes is taken away before."""


class EnvironmentEntry(NamedTuple):
    """One setting and the line on which it begins, or what is wrong there."""

    line: int
    key: str = ""
    value: str = ""
    problem: str = ""
    warning: str = ""


class SystemdReader:
    """The state machine of env-file.c; each state is a method that takes one character."""

    def __init__(self) -> None:
        self.state = self.before_key
        self.line = self.begun = 1
        self.key: List[str] = []
        self.value: List[str] = []
        self.kept = 0
        """Length of the value up to which blanks at its end belong to it."""
        self.found: List[EnvironmentEntry] = []

    def read(self, text: str) -> List[EnvironmentEntry]:
        """Return the settings of a text."""
        for char in text:
            self.state(char)
            self.line += char == "\n"
        self.end()
        return self.found

    def end(self) -> None:
        """Take what the last line has left open."""
        if self.state in (self.single, self.double, self.double_escape):
            self.found.append(
                EnvironmentEntry(self.begun, problem=f"{self.name()}: quotes are not closed")
            )
        elif self.state == self.in_key:
            self.no_assignment()
        elif self.state not in (self.before_key, self.comment, self.comment_escape):
            self.push()

    def name(self) -> str:
        """Return the key, or a word for one that must not be shown."""
        key = "".join(self.key).rstrip(BLANKS)
        return key if NAME.fullmatch(key) else "a variable"

    def no_assignment(self) -> None:
        """Note a line without "=": systemd drops it silently."""
        self.found.append(EnvironmentEntry(self.begun, warning="is not KEY=VALUE: it is ignored"))
        self.state = self.before_key

    def push(self) -> None:
        """Take an assignment; one whose key is no name is ignored by systemd."""
        key = "".join(self.key).rstrip(BLANKS)
        value = "".join(self.value[: self.kept]) + "".join(self.value[self.kept :]).rstrip(BLANKS)
        if NAME.fullmatch(key):
            self.found.append(EnvironmentEntry(self.begun, key, value))
        else:
            word = "begins with export" if key.startswith("export ") else "its key is no name"
            self.found.append(EnvironmentEntry(self.begun, warning=f"{word}: it is ignored"))
        self.state = self.before_key

    def before_key(self, char: str) -> None:
        """At the beginning of a line."""
        if char in "#;":
            self.state = self.comment
        elif char not in BLANKS:
            self.begun, self.key, self.value, self.kept = self.line, [char], [], 0
            self.state = self.in_key

    def in_key(self, char: str) -> None:
        """Within the key, or within a line that has no "="."""
        if char in NEWLINES:
            self.no_assignment()
        elif char == "=":
            self.state = self.before_value
        else:
            self.key.append(char)

    def before_value(self, char: str) -> None:
        """After "=", and after each closing quote: blanks here are left out."""
        if char in NEWLINES:
            self.push()
        elif char == "'":
            self.state = self.single
        elif char == '"':
            self.state = self.double
        elif char == "\\":
            self.state = self.escape
        elif char not in BLANKS:
            self.value.append(char)
            self.state = self.in_value

    def in_value(self, char: str) -> None:
        """Within text that is not quoted; quotes here are part of it."""
        if char in NEWLINES:
            self.push()
        elif char == "\\":
            self.state = self.escape
            self.kept = len(self.value)
        else:
            self.value.append(char)

    def escape(self, char: str) -> None:
        """After a backslash that is not quoted: an escaped end of line is left out."""
        if char not in NEWLINES:
            self.value.append(char)
            self.kept = len(self.value)
        self.state = self.in_value

    def single(self, char: str) -> None:
        """Within single quotes."""
        if char == "'":
            self.state, self.kept = self.before_value, len(self.value)
        else:
            self.value.append(char)

    def double(self, char: str) -> None:
        """Within double quotes."""
        if char == '"':
            self.state, self.kept = self.before_value, len(self.value)
        elif char == "\\":
            self.state = self.double_escape
        else:
            self.value.append(char)

    def double_escape(self, char: str) -> None:
        """After a backslash within double quotes."""
        self.state = self.double
        if char in NEED_ESCAPE:
            self.value.append(char)
        elif char != "\n":
            self.value += ("\\", char)

    def comment(self, char: str) -> None:
        """Within a comment."""
        if char == "\\":
            self.state = self.comment_escape
        elif char in NEWLINES:
            self.state = self.before_key

    def comment_escape(self, char: str) -> None:
        """After a backslash in a comment: it continues the comment before systemd 254 only."""
        if char in NEWLINES:
            words = "follows a comment that ends in a backslash: systemd before 254 ignores it"
            self.found.append(EnvironmentEntry(self.line + 1, warning=words))
            self.state = self.before_key
        else:
            self.state = self.comment


def systemd(text: str) -> List[EnvironmentEntry]:
    """Return the settings of an `EnvironmentFile=`, with what systemd does not take."""
    return SystemdReader().read(text)


def entries(text: str) -> Iterator[EnvironmentEntry]:
    """Yield settings and problems as a shell or dotenv reads them, in order; newlines end lines."""
    lines = enumerate(text.split("\n"), start=1)
    for number, raw in lines:
        line = raw.strip(BLANKS)
        if not line or line[0] in "#;":
            continue
        found = LINE.fullmatch(line)
        if found is None:
            yield EnvironmentEntry(number, problem="is not KEY=VALUE")
            continue
        yield setting(number, found[1], found[2].strip(BLANKS), lines)


def setting(number: int, key: str, text: str, lines: Iterator[tuple[int, str]]) -> EnvironmentEntry:
    """Return one setting: pieces in quotes and without, which may go on over the next lines."""
    value: List[str] = []
    quote, at = "", 0
    while at < len(text) or quote:
        if at >= len(text):
            more = next(lines, None)
            if more is None:
                return EnvironmentEntry(number, key, problem=f"{key}: quotes are not closed")
            text += f"\n{more[1]}"
        char = text[at]
        if char == "\\" and quote != "'":
            if at + 1 >= len(text):
                more = next(lines, (0, ""))
                text += f"\n{more[1] if quote else more[1].lstrip(BLANKS)}"
            value.append(unescaped(text[at + 1], quoted=bool(quote)))
            at += 1
        elif quote or char in QUOTES:
            value.append(char if quote not in ("", char) else "")
            quote = quote if quote not in ("", char) else "" if quote else char
        elif is_apart(text, at) and (char == "#" or text[0] in QUOTES):
            return after_blank(number, key, "".join(value).rstrip(BLANKS), char)
        else:
            value.append(char)
        at += 1
    return EnvironmentEntry(number, key, "".join(value))


def unescaped(char: str, *, quoted: bool) -> str:
    """Return what a backslash and the character behind it stand for; an end of line is left out."""
    if char == "\n":
        return ""
    return char if quoted or char in "\\'\"$ " else f"\\{char}"


def is_apart(text: str, at: int) -> bool:
    """Return whether a word begins there, behind a blank."""
    return at > 0 and text[at - 1] in BLANKS and text[at] not in BLANKS


def after_blank(number: int, key: str, value: str, char: str) -> EnvironmentEntry:
    """Return a setting that a comment follows, or something that is none."""
    if char == "#":
        return EnvironmentEntry(number, key, value)
    return EnvironmentEntry(number, key, problem=f"{key}: text after the closing quote")
