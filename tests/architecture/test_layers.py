"""The rules of docs/architecture.md hold, and each of them was seen broken by a bad source."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import PurePosixPath

import pytest

from tests.architecture.bad_sources import BAD, GOOD, WHOLE, house
from tests.architecture.layers import OURS
from tests.architecture.rules import CHECKS, EXEMPT, excused, findings
from tests.architecture.shape import GENERAL
from tests.architecture.sources import REPOSITORY, VILLAGE, imports, sources

PAGES = ("docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", ".ci")


def others(*places: str) -> dict[str, str]:
    """Return the text of what is no Python, by path."""
    below = [path for place in places for path in (REPOSITORY / place).rglob("*")]
    whole = [path for place in places if (path := REPOSITORY / place).is_file()]
    listed = {path.relative_to(REPOSITORY).as_posix(): path for path in (*below, *whole)}
    return {
        name: path.read_text("utf-8", "replace")
        for name, path in listed.items()
        if path.is_file()
        and not path.is_symlink()  # what the package links to is looked at where it lies
        and not name.startswith(VILLAGE)
        and not {"__pycache__", "pytest_rollback.egg-info"} & {*path.parts}
        and path.suffix not in {".py", ".pyc", ".png", ".pdf"}
    }


def check(name: str, found: dict[str, str]) -> list[str]:
    """Return what breaks the rule whose sentence begins so."""
    (rule,) = (each for each in CHECKS if each.startswith(name))
    return CHECKS[rule](found)


@pytest.mark.parametrize("name", CHECKS)
def test_the_rule_holds(name: str) -> None:
    """Over every source that there is, but for the exceptions that are named."""
    assert findings(name, sources()) == []


def test_exceptions_are_still_needed() -> None:
    """What was mended leaves the list."""
    every = sources(), others("plugins", "tests") | sources()
    some = {"at most 15 entries a folder": every[1]}
    found = [(name, each) for name in CHECKS for each in CHECKS[name](some.get(name, every[0]))]
    used = {exempt for each in found for exempt in excused(*each)}

    assert [exempt for exempt in EXEMPT if exempt not in used] == []


@pytest.mark.parametrize(("name", "path", "source"), BAD)
def test_the_rule_would_say_so(name: str, path: str, source: str) -> None:
    """One bad source breaks it, and the finding names the file, its module or the id."""
    said = "\n".join(check(name, house(GOOD, {path: source})))
    where = PurePosixPath(path)
    evidence = (path, f"{where.parent}/", where.stem, f" {where.parent.name}", "backups.intact")

    assert any(each in said for each in evidence), said


@pytest.mark.parametrize(("name", "evidence", "bad"), WHOLE)
def test_the_rule_would_say_so_of_several(name: str, evidence: str, bad: dict[str, str]) -> None:
    """Some rules are broken by a whole folder, or a chain of imports."""
    assert evidence in "\n".join(check(name, house(bad)))


@pytest.mark.parametrize("name", CHECKS)
def test_the_rule_allows_what_is_meant(name: str) -> None:
    """Sources that keep to the design break none."""
    assert CHECKS[name](house(GOOD)) == []


def test_every_rule_was_seen_broken() -> None:
    """A new rule needs a bad source of its own."""
    bad = [each[0] for each in (*BAD, *WHOLE)]

    assert {name for name in CHECKS if not any(map(name.startswith, bad))} == set()


def test_templates_scripts_and_settings_name_no_system() -> None:
    """What is general and no Python serves any system as well."""
    assert check("what is general names", others(*GENERAL)) == []


def test_pages_and_settings_do_not_lead_out() -> None:
    """What is no Python names no place outside of the repository either."""
    assert check("nothing leads out", others(*GENERAL, *PAGES)) == []


def test_folders_with_other_files_are_not_crowded() -> None:
    """Templates and the like are entries as well."""
    every = others("plugins", "tests") | sources()

    assert findings("at most 15 entries a folder", every) == []


def test_the_rules_look_at_something() -> None:
    """An empty list of sources would break no rule."""
    found = sources()

    assert {
        "plugins/pytest_rollback/errors.py",
        "plugins/pytest_rollback/agent/system/command.py",
        "scripts/rollback",
    } <= found.keys()
    assert any(path.startswith("suites/") for path in found)


def declared() -> set[str]:
    """Return the distributions that pyproject.toml names, in all extras but those for tests."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = [*project["dependencies"], *extras["sandbox"], *extras["notify"]]
    return {canonical(re.split(r"[\[<>=~!; ]", each)[0]) for each in named}


def canonical(name: str) -> str:
    """Return a distribution's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_imported_is_declared() -> None:
    """By the distribution that has it: nothing comes by chance, through somebody else."""
    ships = ("plugins/", "suites/", "fixtures/")
    taken = {
        name.partition(".")[0]
        for path, text in sources().items()
        if path.startswith(ships)
        for name in imports(path, text)
    }
    foreign = taken - set(sys.stdlib_module_names) - set(OURS) - {""}
    known = {"_pytest": ["pytest"], **packages_distributions()}
    needed = {canonical(known[name][0]) for name in foreign}

    assert "jinja2" in needed
    assert needed <= declared(), needed - declared()
