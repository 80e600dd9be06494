"""The recipes of CONTRIBUTING.md, carried out in a copy of the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.rules import CHECKS, findings
from tests.architecture.scratch import copy_of, run
from tests.architecture.sources import REPOSITORY, sources

PAGE = (REPOSITORY / "CONTRIBUTING.md").read_text()
BLOCK = re.compile(r"^```python (\S+)(?: ([+=]) ([^\n]+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUESTIONS = ("criterion", "fact", "action", "service manager", "channel", "option")
CRITERIA = {"criterion": "readiness.units.watched", "fact": "readiness.units.protected"}
"""Recipes that end with a criterion of readiness, and its id."""

SIX = 6
"""Files that a recipe may have somebody open."""


class Step(NamedTuple):
    """A text of a recipe, and where it goes.

    Args:
        path: the file.
        sign: `+` below a line, `=` in the place of a line, "" a new file.
        line: how that line begins; `end` is the end of the file.
        text: what is written.
    """

    path: str
    sign: str
    line: str
    text: str


def section(question: str) -> str:
    """Return what the page says about adding something."""
    head = next(
        line for line in PAGE.splitlines() if line.endswith((f" a {question}?", f" an {question}?"))
    )
    return PAGE.partition(f"{head}\n")[2].partition("\n## ")[0]


def steps(question: str) -> list[Step]:
    """Return the texts of a recipe in order."""
    return [Step(*found) for found in BLOCK.findall(section(question))]


def carry_out(recipe: list[Step], folder: Path) -> None:
    """Write the texts of a recipe into a copy of the repository, and sort imports."""
    for step in recipe:
        path = folder / step.path
        before = path.read_text() if path.exists() else ""
        assert bool(before) == bool(step.sign), f"{step.path} is there, or is not"
        path.write_text(written(step, before))
    changed = sorted({step.path for step in recipe})
    run(folder, "ruff", "check", "--quiet", "--fix", "--fixable", "I001", *changed)


def written(step: Step, before: str) -> str:
    """Return a file with the text of a step in its place."""
    if step.line in {"", "end"}:
        return before + "\n\n" * bool(before) + step.text.lstrip("\n")
    head, line, tail = before.partition(f"\n{step.line}")
    assert line, f"{step.path} has no line that begins with {step.line}"
    rest, _, after = tail.partition("\n")
    kept = f"{step.line}{rest}\n" if step.sign == "+" else ""
    return f"{head}\n{kept}{step.text}{after}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository."""
    return copy_of(tmp_path)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_recipe_takes_many_files(question: str) -> None:
    """Who adds something opens six files at most, tests aside."""
    named = set(re.findall(r"`([\w/.-]+\.py)`", section(question)))

    assert named
    assert len({name for name in named if not name.startswith("tests/")}) <= SIX


@pytest.mark.slow
@pytest.mark.parametrize("question", CRITERIA)
def test_the_criterion_is_green_and_red(copy: Path, question: str) -> None:
    """A recipe with a criterion: its defect turns it red, alone, and every criterion has one."""
    carry_out(steps(question), copy)
    chosen = f"has_a_defect or {CRITERIA[question]}"
    done = run(copy, "pytest", "-q", "tests/plugin/test_readiness.py", "-k", chosen)

    assert done.returncode == 0, done.stdout[-3000:]
    assert "2 passed" in done.stdout


@pytest.mark.parametrize("question", [each for each in QUESTIONS if steps(each)])
def test_the_recipe_keeps_to_the_rules(copy: Path, question: str) -> None:
    """What a recipe writes breaks no rule of the architecture, of style or of types."""
    recipe = steps(question)
    carry_out(recipe, copy)
    found = sources(copy)
    changed = sorted({step.path for step in recipe})
    said = [each for name in CHECKS for each in findings(name, found)]

    assert [each for each in said if any(path in each for path in changed)] == []
    for tool in (["ruff", "check", "--quiet"], ["ruff", "format", "--check"], ["mypy"]):
        done = run(copy, *tool, *[path for path in changed if not path.startswith("tests/")])
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_action_is_planned_in_its_place_and_wants_a_sabotage(copy: Path) -> None:
    """The plan is tested, the criterion collected; a criterion without a sabotage fails."""
    carry_out(steps("action"), copy)
    planned = run(copy, "pytest", "-q", "tests/unit/recovery/test_reload.py")
    collected = run(copy, "pytest", "-q", "--collect-only", "suites/drill")
    red = run(copy, "pytest", "-q", "tests/plugin/test_sabotages.py", "-k", "every_criterion")

    assert planned.returncode == 0, planned.stdout[-3000:]
    assert "test_unit_files_are_read" in collected.stdout
    assert red.returncode == 1
    assert "drill.units.read" in red.stdout


def test_without_its_defect_the_criterion_is_not_enough(copy: Path) -> None:
    """The test is not blind: half of the recipe fails."""
    carry_out(steps("criterion")[:1], copy)
    done = run(copy, "pytest", "-q", "tests/plugin/test_readiness.py", "-k", "has_a_defect")

    assert done.returncode == 1
