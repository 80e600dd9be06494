"""Which component a file belongs to: globs over paths, where `**` crosses directories."""

from __future__ import annotations

import fnmatch
import re
from typing import Iterable, Pattern

from ..messages.location import ComponentFiles

SHARED = "shared"
TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]{1,255}\]|.", re.DOTALL)
MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def compiled(glob: str) -> Pattern[str]:
    """Return the expression that a whole path has to match."""
    return re.compile("".join(map(_piece, TOKENS.findall(glob))), re.DOTALL)


def _piece(token: str) -> str:
    if token in MEANING:
        return MEANING[token]
    if len(token) > 1:  # a set such as [a-z] or [!0-9]
        return fnmatch.translate(token)[len("(?s:") : -len(")\\Z")]
    return re.escape(token)


class Owners:
    """The components' patterns, compiled once for many paths."""

    def __init__(self, components: Iterable[ComponentFiles]) -> None:
        self._patterns = [
            (each.name, [compiled(glob) for glob in each.patterns]) for each in components
        ]

    def of(self, path: str) -> str:
        """Return the first component with a pattern that matches the path, or `shared`."""
        for name, patterns in self._patterns:
            if any(pattern.fullmatch(path) for pattern in patterns):
                return name
        return SHARED
