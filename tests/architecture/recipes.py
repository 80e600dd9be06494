"""The recipes of CONTRIBUTING.md: texts with the place where each goes, written into a copy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tests.architecture.scratch import run
from tests.architecture.sources import REPOSITORY

PAGE = (REPOSITORY / "CONTRIBUTING.md").read_text()
BLOCK = re.compile(
    r"^```(?:python|markdown|toml) (\S+)(?: ([+=]) ([^\n]+))?\n(.*?)^```", re.MULTILINE | re.DOTALL
)
QUESTIONS = (
    "criterion",
    "fact",
    "action",
    "service manager",
    "channel",
    "option",
    "core option",
    "part",
)


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
    ends = (f" I add a {question}?", f" I add an {question}?")
    head = next(line for line in PAGE.splitlines() if line.endswith(ends))
    return PAGE.partition(f"{head}\n")[2].partition("\n## ")[0]


def steps(question: str) -> list[Step]:
    """Return the texts of a recipe in order."""
    return [Step(*found) for found in BLOCK.findall(section(question))]


def opened(question: str) -> set[str]:
    """Return the files that somebody opens who follows a recipe, tests aside."""
    text = section(question)
    named = {
        *re.findall(r"`([\w/.-]+\.(?:py|toml|md))`", text),
        *(step.path.removeprefix("plugins/pytest_rollback/") for step in steps(question)),
    }
    made = {step.path for step in steps(question) if not step.sign}
    wild = {name for name in named if "NAME" in name and made}  # the example stands for it
    return {name for name in named - wild if not name.startswith("tests/")}


def carry_out(recipe: list[Step], folder: Path) -> None:
    """Write the texts of a recipe into a copy of the repository, and sort imports."""
    for step in recipe:
        path = folder / step.path
        before = path.read_text() if path.exists() else ""
        assert bool(before) == bool(step.sign), f"{step.path} is there, or is not"
        path.parent.mkdir(exist_ok=True)
        path.write_text(written(step, before))
    run(folder, "ruff", "check", "--quiet", "--fix", "--fixable", "I001", *sources_of(recipe))


def sources_of(recipe: list[Step]) -> list[str]:
    """Return the Python files that a recipe writes into."""
    return sorted({step.path for step in recipe if step.path.endswith(".py")})


def written(step: Step, before: str) -> str:
    """Return a file with the text of a step in its place."""
    if step.line in {"", "end"}:
        return before + "\n\n" * bool(before) + step.text.lstrip("\n")
    head, line, tail = before.partition(f"\n{step.line}")
    assert line, f"{step.path} has no line that begins with {step.line}"
    rest, _, after = tail.partition("\n")
    kept = f"{step.line}{rest}\n" if step.sign == "+" else ""
    return f"{head}\n{kept}{step.text}{after}"
