"""Explain a criterion: what it checks, where it applies, how it fails, and what to do then."""

from __future__ import annotations

import ast
import difflib
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.criteria import SUITES
from pytest_rollback.errors import UsageError
from pytest_rollback.progress.screen import columns
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.shipped import AnyFunction, asked, called, identities, parameters
from pytest_rollback.text import doors, places

STORY = """
examples:
  {me} readiness.backups.intact
  {me} backups          lists those with this word in their id

What is told is read from the criterion itself; nothing is asked of a host.

exit codes: 0 explained, or listed; 4 usage, or no such criterion
"""
OUTCOMES = {"Refused": "not met", "Inconclusive": "inconclusive", "Advisory": "advisory"}
"""How a criterion ends by what it raises; everything else is not met."""


class Way(NamedTuple):
    """One way in which a criterion fails: the outcome, the message, and the hint."""

    outcome: str
    message: str
    hint: str


class Explained(NamedTuple):
    """A criterion in its source: the file, its tree, the function, the keys that it needs."""

    path: Path
    tree: ast.Module
    function: AnyFunction
    needs: tuple[str, ...]


def every() -> dict[str, Explained]:
    """Return every criterion that ships, by its id, in the order of the suites."""
    found: dict[str, Explained] = {}
    for path in sorted(places.SUITES.rglob("test_*.py")):
        tree = ast.parse(path.read_bytes())
        for function in (each for each in ast.walk(tree) if isinstance(each, AnyFunction)):
            for identity, needs in identities(function):
                found[identity] = Explained(path, tree, function, needs)
    order = {name: number for number, name in enumerate(SUITES)}
    return dict(sorted(found.items(), key=lambda one: order[one[0].partition(".")[0]]))


def text_of(node: ast.expr | None, constants: dict[str, str]) -> str:
    """Return a text as its source has it: what is filled in stands as <name>."""
    if isinstance(node, ast.Constant):
        found = str(node.value)
    elif isinstance(node, ast.JoinedStr):
        found = "".join(text_of(each, constants) for each in node.values)
    elif isinstance(node, ast.FormattedValue):
        found = f"<{ast.unparse(node.value)}>"
    elif isinstance(node, ast.Name) and node.id in constants:
        found = constants[node.id]
    elif isinstance(node, ast.BinOp):
        found = text_of(node.left, constants) + text_of(node.right, constants)
    elif isinstance(node, ast.IfExp):
        both = (text_of(node.body, constants), text_of(node.orelse, constants))
        found = "; or ".join(filter(None, both))
    else:
        found = f"<{ast.unparse(node)}>" if node else ""
    return found


def constants_of(tree: ast.Module) -> dict[str, str]:
    """Return the texts that a file names at its top."""
    found: dict[str, str] = {}
    for each in tree.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            value = text_of(each.value, found)
            found |= {each.targets[0].id: value} if not value.startswith("<") else {}
    return found


def kinds_of(tree: ast.Module) -> dict[str, str]:
    """Return what a file says of its kinds of faults, by the word for each."""
    tables = [each.value for each in tree.body if isinstance(each, ast.Assign)]
    return {
        text_of(key, {}): text_of(value, {})
        for table in tables
        if isinstance(table, ast.Dict)
        for key, value in zip(table.keys, table.values, strict=True)
    }


def functions_of(one: Explained) -> Iterator[AnyFunction]:
    """Yield the test, and the functions and fixtures of its file that it asks for or calls."""
    known = {each.name: each for each in one.tree.body if isinstance(each, AnyFunction)}
    left, seen = [one.function], set()
    while left:
        function = left.pop(0)
        if function.name in seen:
            continue
        seen.add(function.name)
        yield function
        named = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
        left += [known[name] for name in sorted({*named, *parameters(function)} & known.keys())]


def arguments_of(call: ast.Call, tree: ast.Module) -> dict[str, ast.expr]:
    """Return what a call hands over, by the names of the parameters; of an error the first two."""
    name = called(call.func)
    known = {
        each.name: parameters(each) for each in ast.walk(tree) if isinstance(each, AnyFunction)
    }
    names = [each for each in known.get(name, ["message"]) if each != "self"]
    given = dict(zip(names, call.args, strict=False))
    return given | {each.arg: each.value for each in call.keywords if each.arg}


def ways(one: Explained) -> Iterator[Way]:
    """Yield each way in which a criterion fails by an error of its own file."""
    constants, kinds = constants_of(one.tree), kinds_of(one.tree)
    for function in functions_of(one):
        for node in ast.walk(function):
            given = arguments_of(node, one.tree) if isinstance(node, ast.Call) else {}
            hint = text_of(given.pop("hint", None), constants)
            if isinstance(node, ast.Call) and given and hint and hint != "<hint>":
                outcome = OUTCOMES.get(called(node.func), "not met")
                said = [text_of(each, constants) for each in given.values()]
                message = next((each for each in said if each[:1] != "<"), said[0])
                yield Way(outcome, kinds.get(message, message), hint)


def paragraphs(identity: str, one: Explained) -> Iterator[tuple[str, str]]:
    """Yield what there is to say, each with its heading."""
    suite = identity.partition(".")[0]
    command = doors.door([suite])
    said = ast.get_docstring(one.function) or ""
    yield "checks", said
    yield "procedure", (ast.get_docstring(one.tree) or "").partition("\n\n")[0]
    owner = asked({each.name: parameters(each) for each in functions_of(one)}, one.function.name)
    yield "asked", "once for each component" if owner else "once for the system"
    keys = " or ".join(one.needs).replace("component.", "[[components]] ")
    yield "applies", f"where rollback.toml has {keys}" if keys else "to every system"
    found = list(dict.fromkeys(ways(one)))
    for way in found:
        yield way.outcome, way.message
        yield "  do", way.hint
    if not found:
        facts = ", ".join(parameters(one.function))
        yield "not met", f"by an error of what it asks for, which has a hint of its own: {facts}"
    if command:
        test = f"{command} -k {one.function.name}" if suite != "drill" else command
        yield "alone" if suite != "drill" else "part of", f"rollback {test}"
    yield "source", str(Path("suites") / one.path.relative_to(places.SUITES))


def lines(identity: str, one: Explained) -> Iterator[str]:
    """Yield the explanation at the width of a terminal."""
    yield identity
    for head, text in paragraphs(identity, one):
        plain = " ".join(text.split())
        yield from textwrap.wrap(
            plain, columns() - 2, initial_indent=f"  {head:13}", subsequent_indent=" " * 15
        )


def main(arguments: Sequence[str], program: str) -> int:
    """Explain a criterion, or list those with a word in their id; return the exit code.

    Raises:
        UsageError: there is no such criterion.
    """
    made = Parser(
        prog=program,
        description=__doc__,
        epilog=STORY.format(me=program),
    )
    made.add_argument("criterion", metavar="CRITERION", help="its id, or a word of it")
    word = made.parse_args(arguments).criterion
    known = every()
    alike = [each for each in known if word in each]
    if word in known or len(alike) == 1:
        name = word if word in known else alike[0]
        shown("\n".join(lines(name, known[name])))
        return 0
    if not alike:
        near = difflib.get_close_matches(word, known, 3) or [next(iter(known))]
        raise UsageError(f"there is no criterion {word!r}", hint=f"one of: {', '.join(near)}")
    shown("\n".join(alike))
    return 0
