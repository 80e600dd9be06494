"""The recipes of CONTRIBUTING.md, carried out in a copy of the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.recipes import (
    PAGE,
    QUESTIONS,
    carry_out,
    opened,
    section,
    sources_of,
    steps,
)
from tests.architecture.rules import CHECKS, findings
from tests.architecture.scratch import copy_of, run
from tests.architecture.sources import REPOSITORY, sources

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
    assert 0 < len(opened(question)) <= SIX, opened(question)


@pytest.mark.slow
@pytest.mark.parametrize("question", CRITERIA)
def test_the_criterion_is_green_and_red(copy: Path, question: str) -> None:
    """A recipe with a criterion: its defect turns it red, alone, and every criterion has one."""
    carry_out(steps(question), copy)
    chosen = f"has_a_defect or {CRITERIA[question]}"
    done = run(copy, "pytest", "-q", "tests/plugin/test_readiness.py", "-k", chosen)

    assert done.returncode == 0, done.stdout[-3000:]
    assert "2 passed" in done.stdout


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(each, marks=[] if each == "criterion" else [pytest.mark.slow])
        for each in QUESTIONS
        if steps(each)
    ],
)
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
    planned = run(copy, "pytest", "-q", "tests/unit/recovery/actions/test_reload.py")
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
    listed = run(
        copy, "pytest", "-q", "tests/architecture/documents/test_docs.py", "-k", "managers"
    )

    assert (
        "services.manager: found 'runit', expected 'systemd', 'supervisord' or 'compose'" in before
    )
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


@pytest.mark.slow
@pytest.mark.parametrize("left", ["registry.py", "adopt.md", "test_conformance.py"])
def test_a_manager_without_one_of_its_lines_is_noticed(copy: Path, left: str) -> None:
    """None of them can be left out: in the registry, the pages and the conformance suite."""
    carry_out([step for step in steps("service manager") if left not in step.path], copy)
    done = run(
        copy,
        *("pytest", "-q", "tests/unit/agent/services/test_conformance.py"),
        *("tests/architecture/documents/test_docs.py", "-k", "managers or tried_here"),
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


@pytest.mark.slow
@pytest.mark.parametrize("left", ["channels.py", "rollback.toml"])
def test_a_channel_without_one_of_its_lines_is_noticed(copy: Path, left: str) -> None:
    """None of them can be left out: in the registry, and in the description of each key."""
    carry_out([step for step in steps("channel") if left not in step.path], copy)

    assert sent(copy).endswith("exit code 1")


AWAY = "ssh://nobody@127.0.0.1:1"
"""Where no host answers: a session ends with its summary all the same."""


def asked(copy: Path, *words: str) -> tuple[int, str]:
    """Run readiness in a copy, against a host that is away; return its exit code and its words."""
    described = copy / "away.toml"
    described.write_text((copy / "rollback.toml").read_text().replace("local://", AWAY))
    target = f"--rollback-target={described}"
    done = run(copy, "pytest", "-q", "suites/readiness", target, *words)
    return done.returncode, done.stdout + done.stderr


def test_the_option_is_read_refused_and_shown(copy: Path) -> None:
    """In summary and report where it matters; what is no time ends with 4 and a hint."""
    carry_out(steps("option"), copy)
    tested = run(copy, "pytest", "-q", "tests/unit/extras/window", "tests/unit/run/test_extras.py")
    code, refusal = asked(copy, "--window-end=soon")
    _, late = asked(copy, "--window-end=2001-01-01T00:00Z")
    (report,) = copy.glob("reports/*/report.json")
    noted = report.read_text()
    _, early = asked(copy, "--window-end=2999-01-01T00:00Z")

    assert tested.returncode == 0, tested.stdout
    assert code == 4
    assert "HINT: for example --window-end=2026-11-24T23:00Z" in refusal
    assert "the run ended after the maintenance window" in " ".join(late.split())
    assert "the run ended after the maintenance window" in noted
    assert "NOT READY" in early
    assert "maintenance window" not in early


def test_the_option_without_its_value_is_refused(copy: Path) -> None:
    """As somebody in a hurry types it, or empty; and it stands in the documents."""
    carry_out(steps("option"), copy)
    tests = ("tests/plugin/test_hurried_operator.py", "tests/architecture/documents/test_docs.py")
    done = run(copy, "pytest", "-q", *tests, "-k", "window-end or every_option")

    assert done.returncode == 0, done.stdout[-3000:]
    assert "3 passed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("left", ["hooks.py", "adopt.md"])
def test_an_option_without_one_of_its_places_is_noticed(copy: Path, left: str) -> None:
    """Without its hooks pytest does not know it; without its line the documents do not."""
    carry_out([step for step in steps("option") if left not in step.path], copy)
    tests = ("tests/unit/extras/window", "tests/architecture/documents/test_docs.py")
    done = run(copy, "pytest", "-q", *tests, "-k", "window or every_option")

    assert done.returncode != 0


def test_the_tables_for_a_part_are_where_the_page_says() -> None:
    """A name in capitals that is said to be in a file is there."""
    said = re.findall(r"`([A-Z]+)` (?:of|in) `([\w/.]+\.py)`", section("part"))
    said += [
        ("PARTS", "plugins/pytest_rollback/run/shipped.py"),
        ("TABLES", "plugins/pytest_rollback/run/extras.py"),
    ]

    assert ("BESIDE", "tests/plugin/test_parts.py") in said
    for name, path in said:
        assert f"`{name}`" in section("part")
        assert f"\n{name}" in (REPOSITORY / path).read_text()


def test_a_part_that_breaks_its_rule_is_found(copy: Path) -> None:
    """It imports no other part and nothing outside imports it: as the page says."""
    carry_out(steps("option"), copy)
    hooks = copy / "plugins/pytest_rollback/extras/window/hooks.py"
    hooks.write_text(hooks.read_text() + "\nimport pytest_rollback.extras.triage.rules\n")
    said = findings("no part of extras imports another one", sources(copy))

    assert len(said) == 1
    assert "extras/window/hooks.py imports" in said[0]


def test_each_recipe_is_linked_at_the_top() -> None:
    """By the name that the page of a forge gives its section."""
    top = PAGE.partition("\n## ")[0]
    heads = re.findall(r"^## (Where do I add .*)\?$", PAGE, re.MULTILINE)

    assert len(heads) == len(QUESTIONS)
    assert [head for head in heads if f"(#{head.lower().replace(' ', '-')})" not in top] == []
