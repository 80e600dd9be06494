"""The table of all criteria: what each checks, when it applies, and how it was seen red."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.criteria import SUITES
from pytest_rollback.run.shipped import ShippedCriterion, criteria, identities
from tests.sabotage.defect import Defect, library

REPOSITORY = Path(__file__).parents[2]
HEAD = "| criterion | what it checks | applies | how it was seen red |\n| --- | --- | --- | --- |"
WORDS = {"component": "of each component", "owner": "of each component, and of shared files"}


@dataclass(frozen=True)
class Row:
    """One criterion: where it applies, what its docstring says, and what turns it red."""

    criterion: ShippedCriterion
    about: str
    red: str

    @property
    def line(self) -> str:
        """Its line of the table."""
        needs = " or ".join(f"`{each}`" for each in self.criterion.needs)
        where = f"with {needs}" if needs else "always"
        of_each = WORDS.get(self.criterion.asks_for, "")
        applies = f"{where}; once {of_each}" if of_each else where
        return f"| `{self.criterion.identity}` | {self.about} | {applies} | {self.red} |"


def first_paragraph(text: str) -> str:
    """Return the first paragraph of a docstring on one line, safe within a table."""
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|")


def documented(path: Path) -> dict[str, str]:
    """Return what the docstring of each criterion of a file says, by the criterion's id."""
    functions = [
        each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.FunctionDef)
    ]
    return {
        identity: first_paragraph(ast.get_docstring(each) or "")
        for each in functions
        for identity, _needs in identities(each)
    }


@functools.cache
def tests() -> dict[str, str]:
    """Return the text of every file of our own tests, by its path."""
    folder = REPOSITORY / "tests"
    return {
        path.relative_to(REPOSITORY).as_posix(): path.read_text()
        for path in sorted(folder.rglob("test_*.py"))
        if "documents" not in path.parts
    }


def breadth(defect: Defect) -> int:
    """Return how many criteria may be the red one; a defect that is about one says most of it."""
    return len(defect.red)


def seen_red(identity: str) -> str:
    """Return the defects of the library that turn a criterion red; without one, our tests of it."""
    about = [each for each in library().values() if each.seen and identity in each.red]
    defects = [each.name for each in sorted(about, key=breadth)]
    if defects:
        more = f" and {len(defects) - 2} more" if len(defects) > 2 else ""
        return f"{', '.join(defects[:2])}{more}"
    places = [path for path, text in tests().items() if identity in text]
    return f"`{places[0]}`" if places else "not yet"


def rows(suite: str) -> Iterator[Row]:
    """Yield the criteria of a suite, in the order of their files."""
    for path in sorted((REPOSITORY / "suites").rglob("test_*.py")):
        about = documented(path)
        for each in criteria(path):
            if each.identity.partition(".")[0] == suite:
                yield Row(each, about[each.identity], seen_red(each.identity))


def table() -> str:
    """Return the tables of all suites."""
    parts = []
    for suite in SUITES:
        lines = [each.line for each in rows(suite)]
        parts += [f"## {suite}: {len(lines)}", "\n".join([HEAD, *lines])]
    return "\n\n".join(parts)
