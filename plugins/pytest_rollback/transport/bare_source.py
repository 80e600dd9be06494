"""What travels of a module's source: what its Python runs, each line under the number that it has.

Docstrings, comments and what only mypy reads stay here, and a level of indentation is one blank.
All of it is found by expressions, which rely on how the formatter writes: a parser would take
250 ms for all modules. A test parses what comes out and compares it with what went in.
"""

from __future__ import annotations

import re
from collections import Counter

WORDS = re.compile(
    r'''
    (?P<string>^[ ]*r?"""(?:\\.|[^\\])*?"""$)
    | """(?:\\.|[^\\])*?""" | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
    | (?P<comment>[ ]*\#[^\n]*)
    | (?P<indent>^[ ]{4,})
    ''',
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
"""What people read: a string on lines of its own, a comment, depth; and strings that are code."""

FOLLOWED = re.compile(r'^( *)""(?=\n+\1\S)', re.MULTILINE)
"""What was a docstring, and is not needed as the body: a statement of the same block follows."""

FUNCTION = re.compile(
    r"^( *def (\w+)\()([^\n]*?|\n.*?\n *)(\)) -> [^\n]*(?=:(?: \.\.\.)?$)", re.MULTILINE | re.DOTALL
)
"""The head of a function, up to its colon; its parameters are on the same line or on their own."""

INNER = r"(?:[^\[\]]|\[(?:[^\[\]]|\[(?:[^\[\]]|\[[^\[\]]*\])*\])*\])*"
TYPE = rf"[\w.]+(?:\[{INNER}\])?(?: \| \w+)*"
PARAMETER = re.compile(rf"(\w+): {TYPE}(?: (=) )?")
"""A parameter with its annotation, and with the sign of a default."""

CONSTANT = re.compile(rf"^(\w+): {TYPE} = ", re.MULTILINE)

TYPING = re.compile(r"^from typing import (?:\(([^)]*)\)|([^\n(]*))$", re.MULTILINE)


def bare(source: str, heard: frozenset[str]) -> str:
    """Return what travels of a source.

    `heard` are the functions that requests are for: the agent reads the type of the request from
    the annotation of their first parameter.
    """

    def head(found: re.Match[str]) -> str:
        begin, name, parameters, end = found.groups()
        kept = name in heard and PARAMETER.search(parameters)
        here = kept.end() if kept else 0
        return begin + parameters[:here] + PARAMETER.sub(r"\1\2", parameters[here:]) + end

    text = FOLLOWED.sub("", WORDS.sub(_emptied, source))
    text = CONSTANT.sub(r"\1=", FUNCTION.sub(head, text))
    names = Counter(re.findall(r"\w+", text))
    return TYPING.sub(lambda found: _used(found, names), text)


def _used(found: re.Match[str], names: Counter[str]) -> str:
    """Return the import of those names of `typing` that the rest of the text has as well."""
    used = [name for name in re.findall(r"\w+", found[1] or found[2]) if names[name] > 1]
    here = f"from typing import {','.join(used)}" if used else ""
    return here + "\n" * found.group().count("\n")


def _emptied(found: re.Match[str]) -> str:
    """Return what travels of a match: an empty string is a body as a docstring is."""
    text = found.group()
    if found["comment"] is not None:
        return ""
    if found["indent"] is not None:
        return " " * (len(text) // 4)
    if found["string"] is None:
        return text
    return " " * (text.index('"') // 4) + '""' + "\n" * text.count("\n")
