"""What of a shell's syntax is no command: comments, arrays, sums, patterns of `case`, functions."""

from __future__ import annotations

import re
import shlex

OPERATORS = frozenset(";|&()")
HASH = re.compile(r"(?:^|\s)#")


def tokenised(text: str) -> list[str]:
    """Return words and operators.

    Raises:
        ValueError: a quote is open.
    """
    found = shlex.shlex(text.replace("\\;", "'\\;'"), posix=True, punctuation_chars=True)
    found.whitespace_split = True
    found.commenters = ""
    return list(found)


def without_comment(before: str, line: str) -> str:
    """Return a line without its comment; `before` is what the statement has above it."""
    for found in HASH.finditer(line):
        text = before + line[: found.start()]
        if not text.count("'") % 2 and not text.count('"') % 2:
            return line[: found.start()]
    return line


def is_operator(token: str) -> bool:
    """Return whether a token ends a command."""
    return bool(token) and set(token) <= OPERATORS


def without_arrays(tokens: list[str]) -> list[str]:
    """Return tokens without the values of arrays, and without sums: `A=(x y)`, `$((x + 1))`."""
    kept: list[str] = []
    depth = 0
    for token in tokens:
        brackets = set(token) <= set("()") and token
        if depth:
            depth += token.count("(") - token.count(")") if brackets else 0
        elif brackets and token.startswith("(") and (starts_array(kept) or token.startswith("((")):
            depth = max(0, token.count("(") - token.count(")"))
        else:
            kept.append(token)
    return kept


def starts_array(kept: list[str]) -> bool:
    """Return whether the last token is the name of an array that its values follow."""
    return bool(kept) and kept[-1].endswith("=")


class Shell:
    """What is open from statement to statement of a block: `case`, and the functions it defines."""

    def __init__(self) -> None:
        self.functions: set[str] = set()
        self.depth, self.in_pattern = 0, False

    def commands(self, tokens: list[str]) -> list[str]:
        """Return the tokens of a statement that are commands and the operators between them."""
        kept: list[str] = []
        left = without_arrays(tokens)
        while left:
            word, left = left[0], left[1:]
            if word == "case" and at_start(kept) and "in" in left:
                self.depth, self.in_pattern = self.depth + 1, True
                left = left[left.index("in") + 1 :]
            elif word == "esac" and self.depth and (self.in_pattern or at_start(kept)):
                self.depth, self.in_pattern = self.depth - 1, False
            elif self.in_pattern:
                self.in_pattern = not word.startswith(")")
                kept += [] if self.in_pattern else [";"]
            elif self.depth and word.startswith((";;", ";&")):
                self.in_pattern = True
                kept.append(";")
            elif left[:1] == ["()"] and at_start(kept):
                self.functions.add(word)
                left = left[1:]
            elif word == "function" and at_start(kept) and left:
                self.functions.add(left[0])
                left = left[2:] if left[1:2] == ["()"] else left[1:]
            else:
                kept.append(word)
        return kept


def at_start(kept: list[str]) -> bool:
    """Return whether a command begins behind these tokens."""
    return not kept or is_operator(kept[-1]) or kept[-1] in {"do", "then", "else", "{"}
