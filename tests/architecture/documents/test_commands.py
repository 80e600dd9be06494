"""Every command that we print can be typed: our own parsers take it, from whatever place it is."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from pytest_rollback.cli.main import commands
from pytest_rollback.extras.sandbox import story
from pytest_rollback.run.shipped import called
from pytest_rollback.text.doors import COMMAND
from tests.architecture.documents.typed import REPOSITORY, refused, unknown
from tests.documented import BLOCK

FOLDERS = ("plugins/pytest_rollback", "suites", "fixtures")
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "reports/README.md", "docs/*.md")
RUN = "20261124-061200-ab12"
"""What stands for a value that is filled in."""

VERBS = re.compile(r" (?:up|down|reset|status|deploy|break [\w/{}-]+)\b")
"""What is done with a sandbox, as a text names it."""

CODE = re.compile(r"`(rollback [^`\n]+)`|<code>(rollback [^<]+)</code>")
TYPED = {
    "sh": re.compile(r"^(rollback .+)$", re.MULTILINE),
    "console": re.compile(r"^\$ (rollback .+)$", re.MULTILINE),
}
"""The commands in a block of documents, by its language."""
Where: TypeAlias = Callable[[], Iterator[tuple[str, list[str]]]]
ANY = {"WORD", "COMMAND", "acme"}
"""Words of documents that stand for each command, or for one of somebody else's part."""


def filled(text: str) -> str:
    """Return a text with something in the place of each value that is filled in."""
    return re.sub(r"(?<=[ =/])\{[^{}]*\}", RUN, text).replace("{}", "")


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module without its docstrings, "{}" where a value is filled in."""
    silent = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Expr, ast.JoinedStr))
        for part in ([node.value] if isinstance(node, ast.Expr) else node.values)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [each.value if isinstance(each, ast.Constant) else "{}" for each in node.values]
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from () if id(node) in silent else (node.value,)


def said(text: str) -> Iterator[list[str]]:
    """Yield the commands in a text, as words."""
    for match in COMMAND.finditer(filled(text)):
        called, words = match["called"], match["words"]
        if called == "rollback sandbox" and (verb := VERBS.match(match.string, match.end())):
            rest = COMMAND.match(f"rollback now{match.string[verb.end() :]}")
            words = verb[0] + (rest["words"] if rest else "")
        yield shlex.split(called + words)


def built(tree: ast.AST) -> Iterator[list[str]]:
    """Yield the commands that calls make, such as `steps.rollback("undo", run)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node.func) == "rollback":
            first, *more = [each for each in node.args if not isinstance(each, ast.Starred)] or [
                node
            ]
            if isinstance(first, ast.Constant):
                words = [word for each in more for word in [*texts(each), RUN][:1]]
                yield ["rollback", *str(first.value).split(), *map(filled, words)]


def sources() -> Iterator[tuple[str, list[str]]]:
    """Yield each command of the code, with the file that it is in."""
    for path in (each for name in FOLDERS for each in sorted((REPOSITORY / name).rglob("*.py"))):
        place = path.relative_to(REPOSITORY)
        if (
            place.name == "story.py"
            or "village" in place.parts
            or {"suites", "fixtures"} & {*place.parts[1:]}
        ):
            continue
        tree = ast.parse(path.read_text())
        for words in [*built(tree), *(one for text in texts(tree) for one in said(text))]:
            yield str(place), words


def documents() -> Iterator[tuple[str, list[str]]]:
    """Yield each command of the documents and templates, with the file that it is in."""
    pages = [each for name in PAGES for each in sorted(REPOSITORY.glob(name))]
    for path in (*pages, *(REPOSITORY / FOLDERS[0]).rglob("*.html")):
        text = re.sub(r"\$\([^)]*\)", RUN, path.read_text().replace("\\\n", " "))
        found = [each[1] or each[2] for each in CODE.finditer(text)]
        blocks = [each for each in BLOCK.finditer(text) if each[1] in TYPED]
        found += [line for each in blocks for line in TYPED[each[1]].findall(each[2])]
        for line in found:
            words = shlex.split(line.partition(" | ")[0], comments=True)
            if not ANY & {*words}:
                yield str(path.relative_to(REPOSITORY)), words


def fault(words: list[str]) -> str:
    """Return what is wrong with a command; one that is only named has just to be there."""
    if words[0] == "pytest":
        return unknown(words[1:])
    named = " ".join(words[1:])
    return refused([*words[1:], "--help"] if named in {*commands(), "report"} else words[1:])


@pytest.mark.parametrize(("where", "least"), [(sources, 90), (documents, 60)])
def test_every_command_can_be_typed(where: Where, least: int) -> None:
    """Those of messages, hints and templates; those of pages: n of n."""
    found = [*where()]
    wrong = {
        f"{place}: {shlex.join(words)}": why for place, words in found if (why := fault(words))
    }
    print(f"{len(found) - len(wrong)} of {len(found)} commands, {where.__name__}")  # noqa: T201

    assert wrong == {}
    assert len(found) >= least


def test_the_story_is_made_of_commands() -> None:
    """It is played as it is written."""
    steps = [shlex.split(filled(each.command)) for each in (*story.BEFORE, *story.AFTER)]

    assert [words for words in steps if fault(words)] == []


@pytest.mark.parametrize(
    "text",
    [
        "see: rollback status --al",
        "rollback undo --rnu",
        f"rollback report verify {RUN} --hots",
        "pytest suites/redyness",
        "rollback sandbox break",
    ],
)
def test_a_wrong_one_would_be_found(text: str) -> None:
    """An unknown option, a suite that there is not, a verb without its word."""
    (words,) = said(text) if "break" not in text else [shlex.split(text)]
    assert fault(words)
