"""Expressions take time in proportion to a text, whatever somebody wrote into it.

Those of the agent, which reads a host, and of the controller, which reads answers and pages.

The list is that of the code: each expression that a module gives to `re`, and how the module uses
it. Each meets texts made of what it is made of, and of what makes expressions slow.
"""

from __future__ import annotations

import ast
import collections
import importlib
import itertools
import re
import time
from pathlib import Path
from typing import NamedTuple

import pytest

import pytest_rollback
from tests.growth import grows

PACKAGE = Path(pytest_rollback.__file__).parent
SEEDS = (" ", "a", "0", '"', "\\", "'", "=", "[", "-", ".", ":", "/", "_", "a ", "a=", "0-", "a.")
LENGTH = 16_000
"""Letters of a text."""

ONCE = {"match", "fullmatch", "search"}
"""Ways to use an expression that end at the first place that it matches."""


class Used(NamedTuple):
    """An expression of the code, where it stands, and the function that it is used by."""

    where: str
    said: str | bytes
    way: str


def used(path: Path) -> list[Used]:
    """Return the expressions of a module."""
    text, found = path.read_text(), []
    place = path.relative_to(PACKAGE).as_posix()
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        owner, _, function = ast.unparse(node.func).partition(".")
        line = text.split("\n")[node.lineno - 1]
        name = line.partition(" ")[0].rstrip(":")
        said = expression(node.args[0], path, name)
        if owner == "re" and isinstance(said, (str, bytes)):
            ways = set(re.findall(rf"\b{re.escape(name)}\.([a-z]+)\b", text)) or {"search"}
            ways = (ways - {"pattern"}) if function == "compile" else {function}
            only = {way if way in ONCE else "finditer" for way in ways}
            found += [Used(f"{place}:{node.lineno}", said, way) for way in sorted(only)]
    return found


def expression(node: ast.expr, path: Path, name: str) -> object:
    """Return what stands in a call, or, where it is put together, what the module's name has."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        dotted = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        found = getattr(importlib.import_module(dotted), name, None) if name.isupper() else None
        return found.pattern if isinstance(found, re.Pattern) else None


def made_of(said: str | bytes) -> list[str]:
    """Return pieces of text that an expression is made of, and the usual ones."""
    plain = said.decode("latin-1") if isinstance(said, bytes) else said
    own = list(dict.fromkeys(re.findall(r"[A-Za-z0-9]{2,12}|[=:\[\](){}<>,;@#%/-]", plain)))[:12]
    pairs = ["".join(pair) for pair in itertools.product(own[:4], (" ", "0", "a"))]
    return [*SEEDS, *own, *pairs]


def took(each: Used, text: str) -> float:
    """Return the seconds of this process that an expression takes for all of a text."""
    given = text.encode("latin-1", "replace") if isinstance(each.said, bytes) else text
    look = getattr(re.compile(each.said), each.way)
    started = time.process_time()
    found = look(given)
    if each.way == "finditer":
        collections.deque(found, maxlen=0)
    return time.process_time() - started


def is_slow(each: Used, seed: str, end: str) -> bool:
    """Return whether an expression takes more than in proportion for a piece again and again."""
    return grows(lambda letters: took(each, seed * (letters // len(seed)) + end), LENGTH)


OURS = "transport/bare_source.py"
"""The module that reads nothing but our own sources."""


def modules() -> list[Path]:
    """Return the modules that use expressions over texts of others."""
    found = (each for each in sorted(PACKAGE.rglob("*.py")) if not each.match(OURS))
    return [path for path in found if "\nimport re\n" in path.read_text()]


def named(path: Path) -> str:
    """Return a module's name within the package."""
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


@pytest.mark.parametrize("path", modules(), ids=named)
def test_expressions_are_linear(path: Path) -> None:
    """No text makes an expression take a time that grows with the square of its length."""
    slow = [
        (each.where, each.way, seed)
        for each in used(path)
        for seed, end in itertools.product(made_of(each.said), ("", "\0!"))
        if is_slow(each, seed, end)
    ]

    assert slow == []


def test_a_square_is_seen() -> None:
    """The measure tells a slow expression from a linear one."""
    slow = Used("", r"\s+$", "finditer")

    assert is_slow(slow, " ", "\0!")
    assert not is_slow(slow._replace(said=r"\s$"), " ", "\0!")
