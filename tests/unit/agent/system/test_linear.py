"""Expressions of the agent take time in proportion to a text, whatever somebody wrote into it.

The list is that of the code: each expression that a module gives to `re`, and how the module uses
it. Each meets texts made of what it is made of, and of what makes expressions slow.
"""

from __future__ import annotations

import ast
import itertools
import re
import time
from pathlib import Path
from typing import NamedTuple

import pytest

import pytest_rollback.agent

AGENT = Path(pytest_rollback.agent.__file__).parent
SEEDS = (" ", "a", "0", '"', "\\", "'", "=", "[", "-", ".", ":", "/", "_", "a ", "a=", "0-", "a.")
LENGTH, PATIENCE = 16_000, 1.0
"""Letters of a text, and seconds for it: a time that grows with the square has more than twice."""

SLOW = {
    "configuration/secrets/": "declared files and their lines; not linear yet, told as such",
    "system/masking/": "answers, cut to their limits before; not linear yet, told as such",
}
"""Where expressions are not linear, and what they meet."""


class Used(NamedTuple):
    """An expression of the code, where it stands, and the function that it is used by."""

    where: str
    said: str | bytes
    way: str


def used(path: Path) -> list[Used]:
    """Return the expressions of a module."""
    text, found = path.read_text(), []
    place = path.relative_to(AGENT).as_posix()
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        owner, _, function = ast.unparse(node.func).partition(".")
        try:
            said = ast.literal_eval(node.args[0])
        except ValueError:
            continue
        if owner == "re" and isinstance(said, (str, bytes)):
            line = text.split("\n")[node.lineno - 1]
            name = line.partition(" ")[0].rstrip(":")
            ways = set(re.findall(rf"\b{re.escape(name)}\.([a-z]+)\b", text)) or {"search"}
            ways = ways if function == "compile" else {function}
            only = ways if ways <= {"match", "fullmatch"} else {"search"}
            found += [Used(f"{place}:{node.lineno}", said, way) for way in sorted(only)]
    return found


def made_of(said: str | bytes) -> list[str]:
    """Return pieces of text that an expression is made of, and the usual ones."""
    plain = said.decode("latin-1") if isinstance(said, bytes) else said
    own = list(dict.fromkeys(re.findall(r"[A-Za-z0-9]{2,12}|[=:\[\](){}<>,;@#%/-]", plain)))[:12]
    pairs = ["".join(pair) for pair in itertools.product(own[:4], (" ", "0", "a"))]
    return [*SEEDS, *own, *pairs]


def took(each: Used, text: str) -> float:
    """Return the seconds that an expression takes for a text."""
    given = text.encode("latin-1", "replace") if isinstance(each.said, bytes) else text
    look = getattr(re.compile(each.said), each.way)
    started = time.process_time()
    look(given)
    return time.process_time() - started


@pytest.mark.parametrize("path", sorted(AGENT.rglob("*.py")), ids=lambda path: path.stem)
def test_expressions_are_linear(path: Path) -> None:
    """No text of sixteen thousand letters takes a second."""
    if path.relative_to(AGENT).as_posix().startswith(tuple(SLOW)):
        return
    for each in used(path):
        for seed, end in itertools.product(made_of(each.said), ("", "\0!")):
            seconds = took(each, seed * (LENGTH // len(seed)) + end)
            assert seconds < PATIENCE, (each, seed)
