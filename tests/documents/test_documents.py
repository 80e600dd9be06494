"""The pages that are made of the code are up to date, recipes name what exists, the site builds."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pytest_rollback.extras.formats.prometheus import HELP
from tests.architecture.documents.typed import refused
from tests.documents import criteria, pages

REPOSITORY = Path(__file__).parents[2]
RECIPES = sorted((REPOSITORY / "docs/recipes").glob("*.md"))
CALL = re.compile(
    r"rollback (?:ready|drill|triage|validate|monitor)\b.*?(?=['\"]?$|&&|\|\||>)", re.MULTILINE
)
YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GENERATOR = "scripts/dev/site/mkdocs.yml"


def test_no_page_is_stale() -> None:
    """`scripts/dev/documents --write` would change nothing."""
    assert pages.stale() == []


def test_every_criterion_was_seen_red() -> None:
    """By a defect of the library, or by a test that names it."""
    rows = [each for suite in criteria.SUITES for each in criteria.rows(suite)]

    assert len(rows) == len({each.criterion.identity for each in rows}) > 100
    assert [each.criterion.identity for each in rows if each.red == "not yet"] == []
    assert [each.criterion.identity for each in rows if not each.about] == []


def test_a_criterion_that_nothing_turns_red_would_be_found() -> None:
    """The look at tests and defects is not blind."""
    assert criteria.seen_red("readiness.nobody." + "asks") == "not yet"


@pytest.mark.parametrize("page", RECIPES, ids=[each.stem for each in RECIPES])
def test_recipes_call_what_exists(page: Path) -> None:
    """Every command in a recipe is one, with options that it takes."""
    calls = [shlex.split(each) for each in CALL.findall(page.read_text())]

    assert calls or page.stem == "prometheus"
    assert [call for call in calls if refused(call[1:])] == []


def test_recipes_are_yaml() -> None:
    """What a reader pastes can be read; rules ask for numbers that are written."""
    blocks = [block for page in RECIPES for block in YAML.findall(page.read_text())]
    read = [yaml.safe_load(each) for each in blocks]
    rules = [
        rule["expr"] for each in read if "groups" in each for rule in each["groups"][0]["rules"]
    ]
    names = {name for rule in rules for name in re.findall(r"rollback_(\w+)", rule)}

    assert len(read) == len(blocks) > 4
    assert len(rules) == 4
    assert names <= set(HELP)


def built(folder: Path, config: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a description into a folder."""
    command = [sys.executable, "-m", "mkdocs", "build", "-f", str(config), "-d", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_site_builds_without_a_dead_link(tmp_path: Path) -> None:
    """And with every page; a link that leads nowhere ends the build."""
    done = built(tmp_path / "site", REPOSITORY / GENERATOR)
    assert done.returncode == 0, done.stderr
    found = {path.relative_to(tmp_path / "site") for path in (tmp_path / "site").rglob("*.html")}
    wanted = {path.relative_to(REPOSITORY / "docs") for path in (REPOSITORY / "docs").rglob("*.md")}
    assert {each.with_suffix(".html") for each in wanted} <= found

    copy = tmp_path / "copy"
    for name in ("docs", "scripts/dev/site", "README.md", "SECURITY.md", "CONTRIBUTING.md"):
        place = copy / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy)(REPOSITORY / name, place)
    (copy / "CHANGELOG.md").write_text("# Changes\n")
    (copy / "docs/help/faq.md").write_text("[somewhere](#nowhere)\n")
    done = built(tmp_path / "other", copy / GENERATOR)
    assert (done.returncode != 0, "nowhere" in done.stderr) == (True, True), done.stderr
