"""The recipes of CONTRIBUTING.md, carried out in a copy of the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.recipes import QUESTIONS, carry_out, section, sources_of, steps
from tests.architecture.rules import CHECKS, findings
from tests.architecture.scratch import copy_of, run
from tests.architecture.sources import sources

CRITERIA = {"criterion": "readiness.units.watched", "fact": "readiness.units.protected"}
"""Recipes that end with a criterion of readiness, and its id."""

SIX = 6
"""Files that a recipe may have somebody open."""


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


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_recipe_keeps_to_the_rules(copy: Path, question: str) -> None:
    """What a recipe writes breaks no rule of the architecture, of style or of types."""
    recipe = steps(question)
    carry_out(recipe, copy)
    found, changed = sources(copy), sources_of(recipe)
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


def accepted(copy: Path, manager: str) -> str:
    """Return what a session says of the shipped rollback.toml with another service manager."""
    text = (copy / "rollback.toml").read_text()
    described = copy / "other.toml"
    described.write_text(
        re.sub(r"^manager = .*$", f'manager = "{manager}"', text, flags=re.MULTILINE)
    )
    target = f"--rollback-target={described}"
    done = run(copy, "pytest", "-q", "--collect-only", "suites/readiness", target)
    return done.stdout + done.stderr


def test_the_manager_is_accepted_and_documented(copy: Path) -> None:
    """In rollback.toml, the schema and the pages; without its line in the registry it is not."""
    before = accepted(copy, "runit")
    carry_out(steps("service manager"), copy)
    after = accepted(copy, "runit")
    run(copy, "pytest_rollback.cli.main", "schema", "--write")
    listed = run(copy, "pytest", "-q", "tests/architecture/test_docs.py", "-k", "managers")

    assert "services.manager: found 'runit', expected 'systemd' or 'supervisord'" in before
    assert "readiness" in after
    assert "found 'runit'" not in after
    for page in ("manifest.md", "rollback.schema.json"):
        assert '"runit"' in (copy / "docs" / page).read_text()
    assert listed.returncode == 0, listed.stdout


@pytest.mark.slow
def test_the_manager_conforms(copy: Path) -> None:
    """The whole suite, with real processes; no test of the others is lost."""
    carry_out(steps("service manager"), copy)
    done = run(copy, "pytest", "-q", "tests/unit/agent/services", "-k", "runit or tried_here")

    assert done.returncode == 0, done.stdout[-3000:]
    assert "10 passed" in done.stdout


@pytest.mark.parametrize("left", ["registry.py", "adopt.md", "test_conformance.py"])
def test_a_manager_without_one_of_its_lines_is_noticed(copy: Path, left: str) -> None:
    """None of them can be left out: in the registry, the pages and the conformance suite."""
    carry_out([step for step in steps("service manager") if left not in step.path], copy)
    done = run(
        copy,
        *("pytest", "-q", "tests/unit/agent/services/test_conformance.py"),
        *("tests/architecture/test_docs.py", "-k", "managers or tried_here"),
    )

    assert done.returncode == 1, done.stdout


def sent(copy: Path) -> str:
    """Return how the channel's own test and those of the pages end in a copy."""
    run(copy, "pytest_rollback.cli.main", "schema", "--write")
    tests = ("tests/unit/extras/incident/test_graphs.py", "tests/unit/manifest")
    done = run(copy, "pytest", "-q", *tests, "-k", "mark_arrives or shipped or schema or manual")
    return done.stdout[-3000:] + f"exit code {done.returncode}"


def test_the_channel_sends(copy: Path) -> None:
    """A message arrives at a real server; the shipped rollback.toml and the pages have its keys."""
    carry_out(steps("channel"), copy)

    assert sent(copy).endswith("exit code 0")
    assert "## [notify.graphs]" in (copy / "docs/manifest.md").read_text()


@pytest.mark.parametrize("left", ["channels.py", "rollback.toml"])
def test_a_channel_without_one_of_its_lines_is_noticed(copy: Path, left: str) -> None:
    """None of them can be left out: in the registry, and in the description of each key."""
    carry_out([step for step in steps("channel") if left not in step.path], copy)

    assert sent(copy).endswith("exit code 1")
