"""The criteria and fixtures that ship: which part each is of, and what its source says of it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.criteria import SUITES
from pytest_rollback.manifest.applicability import Lacks
from pytest_rollback.run.completeness import Instance
from pytest_rollback.run.extras import names as parts
from pytest_rollback.text import places

FOLDER = "suites"
PRACTICE = "troubleshooting"
"""The suite that takes part only where its own path is given."""

SHARED = "shared"
"""The owner of what belongs to no component."""

PARTS = {
    "sandbox": ("fixtures.troubleshooting", "suites/drill/troubleshooting"),
    "triage": ("fixtures.triage", "suites/triage"),
    "runbook": ("fixtures.runbook", "suites/readiness/test_runbook.py"),
    "incident": ("fixtures.notify", "suites/readiness/test_notify.py"),
    "database": (
        "fixtures.dump",
        "suites/readiness/test_database.py",
        "suites/readiness/test_previous.py",
        "suites/drill/test_migrated.py",
        "suites/drill/test_phases_database.py",
    ),
}
"""Fixtures and criteria of each part of the package's `extras`: without the part they are left out.
A rollback.toml that needs the part is refused then."""

FIXTURES = (
    "fixtures.host",
    "fixtures.survey",
    "fixtures.release",
    "fixtures.tree",
    "fixtures.dump",
    "fixtures.probes",
    "fixtures.latency",
    "fixtures.units",
    "fixtures.logs",
    "fixtures.live_state",
    "fixtures.notify",
    "fixtures.runbook",
    "fixtures.triage",
    "fixtures.monitor",
    "fixtures.troubleshooting",
    "plugin.fixtures",
)
"""Modules of the package with fixtures for criteria."""

OURS = re.compile(rb"^\s*(from|import)\s+pytest_rollback\b", re.MULTILINE)
"""What a file of criteria has, and a test of anybody else has not."""

QUOTED = re.compile(r"(?<!\w)(['\"])(.+?)\1(?!\w)")
LEADING = re.compile(r"""(?:(['"]).+?\1(?!\w)[,;]?\s*(?:and\s+)?)+[:,]?\s*""")

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


class ShippedCriterion(NamedTuple):
    """A criterion as its source has it: its id, its keys, and whether it asks for each owner.

    `asks_for` is `component` or `owner`, "" for neither.
    """

    identity: str
    asks_for: str = ""
    needs: tuple[str, ...] = ()


def root_of(path: Path) -> Path | None:
    """Return the folder `suites` that a path is in, or is; None for any other path."""
    for each in (path, *path.parents):
        if each.name == FOLDER:
            return each
    return None


def is_ours(path: Path) -> bool:
    """Return whether a path is in a folder `suites` with criteria, and not in somebody else's."""
    root = root_of(path)
    return root is not None and any(
        OURS.search(each.read_bytes()) for each in root.rglob("*.py") if each.is_file()
    )


def suites_of(path: Path) -> Iterator[str]:
    """Yield the suites that a path of the command line names; all but the practice for `suites`."""
    root = root_of(path)
    if root is None:
        return
    within = [each for each in path.relative_to(root).parts if each in SUITES]
    yield from within[-1:] if path != root else (each for each in SUITES if each != PRACTICE)


def shipped(
    roots: Iterable[Path],
    suites: Collection[str],
    left_out: Sequence[Path],
    names: Sequence[str],
    lacks: Lacks,
) -> list[Instance]:
    """Return every criterion that suites ship and that applies, once for each component or owner.

    Args:
        roots: the folders `suites`.
        suites: which suites.
        left_out: files and folders that belong to a part that is not installed.
        names: the components that the run is about.
        lacks: tells which key of rollback.toml a criterion lacks.
    """
    found = {each for root in roots for suite in suites for each in of(root, suite, left_out)}
    abouts: dict[str, Sequence[str | None]] = {"component": names, "owner": [*names, SHARED]}
    return [
        Instance(each.identity, about)
        for each in sorted(found)
        for about in abouts.get(each.asks_for, [None])
        if not lacks(each.needs, about)
    ]


def of(root: Path, suite: str, left_out: Sequence[Path]) -> Iterator[ShippedCriterion]:
    """Yield the criteria of one suite, whose folder may be in that of another one."""
    places = [root / each for each in SUITES if (root / each).is_dir()]
    for path in sorted({file for place in places for file in place.rglob("*.py")}):
        inside = suite in path.relative_to(root).parts
        if inside and not any(path.is_relative_to(each) for each in left_out):
            yield from (each for each in criteria(path) if each.identity.startswith(f"{suite}."))


def criteria(path: Path) -> tuple[ShippedCriterion, ...]:
    """Return the criteria of a file; none of one that cannot be read: pytest says so."""
    try:
        return _criteria(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, SyntaxError):
        return ()


@functools.cache
def _criteria(path: Path, _changed: int) -> tuple[ShippedCriterion, ...]:
    text = path.read_bytes()
    if b"criterion" not in text:
        return ()
    functions = [each for each in ast.walk(ast.parse(text)) if isinstance(each, AnyFunction)]
    arguments = {each.name: parameters(each) for each in functions}
    return tuple(
        ShippedCriterion(identity, asked(arguments, each.name), needs)
        for each in functions
        for identity, needs in identities(each)
    )


def identities(function: AnyFunction) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the id that `criterion` gives a function, and the keys that it needs."""
    for each in function.decorator_list:
        if isinstance(each, ast.Call) and called(each.func) == "criterion":
            words = {word.arg: word.value for word in each.keywords}
            given = [*each.args[:1], *filter(None, [words.get("identity")])]
            keys = [*each.args[2:3], *filter(None, [words.get("needs")])]
            if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
                yield given[0].value, tuple(map(str, ast.literal_eval(keys[0]))) if keys else ()


def called(function: ast.expr) -> str:
    """Return the last part of the name that is called."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def parameters(function: AnyFunction) -> list[str]:
    """Return the names of a function's parameters."""
    return [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]


def asked(arguments: dict[str, list[str]], name: str) -> str:
    """Return whether a test asks for `component` or `owner`, also by a fixture of its own file."""
    seen, left = set(), [name]
    while left:
        one = left.pop()
        if one in {"component", "owner"}:
            return one
        if one not in seen:
            seen.add(one)
            left += arguments.get(one, [])
    return ""


def missing() -> set[str]:
    """Return what is left out, because its part is not there."""
    there = set(parts())
    return {each for part, listed in PARTS.items() if part not in there for each in listed}


def fixtures() -> list[str]:
    """Return the names of the modules whose fixtures criteria can ask for."""
    gone = missing()
    return [f"pytest_rollback.{each}" for each in FIXTURES if each not in gone]


def left_out() -> list[Path]:
    """Return the files and folders of criteria that are left out."""
    return [places.PACKAGE / each for each in sorted(missing()) if "/" in each]


def procedure(sentence: str) -> str:
    """Return the line of the procedure that a criterion's sentence quotes; all that it begins with.

    An apostrophe inside a word opens no quote.
    """
    leading = LEADING.match(sentence)
    if leading:
        return "; ".join(found[2] for found in QUOTED.finditer(leading[0]))
    found = QUOTED.search(sentence)
    return found[2] if found else ""


def title(sentence: str) -> str:
    """Return a criterion's sentence without the quote that it begins with, if words are left."""
    leading = LEADING.match(sentence)
    rest = sentence[leading.end() :] if leading else ""
    return rest[:1].upper() + rest[1:] if re.search(r"\w", rest) else sentence
