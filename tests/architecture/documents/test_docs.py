"""What README and docs tell people to do can be done: scripts, options, targets and links exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback import errors
from pytest_rollback.agent.services.registry import MANAGERS
from pytest_rollback.manifest.load import load, parse
from pytest_rollback.manifest.model import Component
from tests.architecture.documents.typed import refused
from tests.architecture.sources import sources

REPOSITORY = Path(__file__).parents[3]
WHOLE = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = [*(REPOSITORY / name for name in WHOLE), *sorted((REPOSITORY / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
SCRIPT = re.compile(r"\bscripts/[\w./]*\w")
NAMES = [page.name for page in PAGES]
CHEAP = (
    ["make", "help"],
    ["scripts/dev/check", "--help"],
    ["scripts/rollback", "--help"],
    ["scripts/rollback", "explain", "readiness.backups.intact"],
    ["scripts/create_backups.py", "--help"],
    ["scripts/dev/schema", "--check"],
    ["scripts/dev/architecture", "--check"],
    [".venv/bin/pytest", "--collect-only", "-q", "suites/readiness", "suites/drill"],
)


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    return [body for kind, body in BLOCK.findall(page.read_text()) if kind == language]


def commands(page: Path) -> list[list[str]]:
    """Return the commands that a page shows, as words; of a pipe the last one."""
    text = "\n".join(blocks(page, "sh")).replace("\\\n", " ")
    text = re.sub(r"\$\([^)]*\)", "0123456", text)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [shlex.split(line.rpartition(" | ")[2], comments=True) for line in lines]


def options(words: list[str]) -> set[str]:
    """Return the long options among words."""
    return {word.partition("=")[0] for word in words if word.startswith("--")}


@cache
def helped(*command: str) -> str:
    """Return what a command says of itself."""
    done = subprocess.run(
        [*command, "--help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout


@cache
def targets() -> set[str]:
    """Return the targets of the Makefile."""
    return set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def faults(words: list[str]) -> list[str]:
    """Return what is wrong with a command that a page shows."""
    program = words[0]
    if program == "make":
        return [word for word in words[1:] if word not in targets()]
    if program.endswith("pytest"):
        paths = [word for word in words[1:] if not word.startswith("-") and "/" in word]
        missing = [path for path in paths if not (REPOSITORY / path).exists()]
        known = helped(".venv/bin/pytest", "-p", "no:cacheprovider")
        return missing + [name for name in options(words) if f"  {name}" not in known]
    if program == "rollback":
        return [said] if (said := refused(words[1:])) else []
    if program.startswith("scripts/"):
        known = helped(program)
        return [name for name in options(words) if name not in known]
    return []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_can_be_called(page: Path) -> None:
    """Scripts, options, targets and suites that a page names in its examples exist."""
    assert {shlex.join(words): said for words in commands(page) if (said := faults(words))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "make drills",
        ".venv/bin/pytest suites/redyness",
        ".venv/bin/pytest suites/drill --armed=production",
        "scripts/create_backups.py --form-git a..b",
        "rollback sandbox up --no-such",
        "rollback readdy",
        "rollback ready --no-such",
        "rollback ready -k",
        "rollback undo",
    ],
)
def test_a_wrong_command_would_be_found(line: str) -> None:
    """The look at commands is not blind."""
    assert faults(shlex.split(line))


def test_pages_show_commands() -> None:
    """A page without an example would pass unseen."""
    assert len(commands(REPOSITORY / "README.md")) > 8
    assert len(commands(REPOSITORY / "docs/adopt.md")) > 8


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_and_scripts_exist(page: Path) -> None:
    """Whatever a page names in the repository is there."""
    text = page.read_text()
    linked = [page.parent / link for link in LINK.findall(text)]
    scripts = [REPOSITORY / name.rstrip(".") for name in SCRIPT.findall(text)]

    assert [str(path) for path in linked + scripts if not path.exists()] == []


@pytest.mark.parametrize("command", CHEAP, ids=" ".join)
def test_cheap_commands_work(command: list[str]) -> None:
    """What costs nothing is run."""
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_manifests_in_docs_can_be_used() -> None:
    """Each example that describes a system is one; the keys are those of today."""
    found = [text for page in PAGES for text in blocks(page, "toml") if "[system]" in text]

    assert len(found) >= 2
    assert all(parse(tomllib.loads(text), "docs") for text in found)


def test_service_managers_are_listed() -> None:
    """Each that is registered has its line in docs/adopt.md: which keys it needs."""
    table = (REPOSITORY / "docs/adopt.md").read_text().partition("| `manager` |")[2]
    listed = re.findall(r"^\| `(\w+)` \|", table.partition("\n\n")[0], re.MULTILINE)

    assert listed == list(MANAGERS)


def test_every_option_of_the_suites_is_shown() -> None:
    """README or docs/ has an example of each, also of those that parts add."""
    group = helped(".venv/bin/pytest", "-p", "no:cacheprovider").partition("\nrollback:\n")[2]
    listed = re.findall(r"^  (--[a-z-]+)", group.partition("\n\n")[0], re.MULTILINE)
    short = {f"--rollback-{name.removeprefix('--')}" for name in listed}
    known = [name for name in listed if name not in short]  # the long ones are said to be the same
    shown = "".join(page.read_text() for page in PAGES if page.name != "CONTRIBUTING.md")

    assert len(known) > 12
    assert [name for name in known if not re.search(rf"{name}\b(?!-)", shown)] == []


def test_inconclusive_is_raised_where_the_page_says() -> None:
    """By criteria and facts, where somebody looks for the reason of one."""
    page = (REPOSITORY / "docs/architecture.md").read_text()
    said = page.partition("*Why was this criterion inconclusive?*")[2].partition("\n## ")[0]
    found = {path for path, text in sources(REPOSITORY).items() if "raise Inconclusive(" in text}
    places = {
        "suites/": "`suites/`",
        "fixtures/": "`fixtures/`",
        "plugins/pytest_rollback/checks/restored.py": "`checks/restored.py`",
        "plugins/pytest_rollback/checks/unchanged.py": "`checks/unchanged.py`",
        "plugins/pytest_rollback/checks/released.py": "`checks/released.py`",
        "plugins/pytest_rollback/checks/returned.py": "`checks/returned.py`",
        "plugins/pytest_rollback/recovery/actions/release.py": "`recovery/actions/release.py`",
        "plugins/pytest_rollback/extras/runbook/": "only by the runbook",
        "plugins/pytest_rollback/extras/database/command.py": "`extras/database/command.py`",
        "plugins/pytest_rollback/extras/database/ran.py": "`extras/database/ran.py`",
    }

    assert [path for path in found if not path.startswith(("tests/", *places))] == []
    assert [word for word in places.values() if word not in said] == []


def test_exit_codes_are_listed() -> None:
    """Every code that an error ends with stands in README's table."""
    kinds = [kind for kind in vars(errors).values() if hasattr(kind, "exit_code")]
    codes = {int(kind.exit_code) for kind in kinds} | {errors.RTO_MISSED, errors.PARTIAL}
    listed = re.findall(r"^\| (\d+) \|", (REPOSITORY / "README.md").read_text(), re.MULTILINE)

    assert codes <= set(map(int, listed))


def snippet() -> dict[str, Any]:
    """Return what README's criterion defines."""
    (source,) = blocks(REPOSITORY / "README.md", "python")
    made: dict[str, Any] = {}
    exec(compile(source, "README.md", "exec"), made)  # noqa: S102 - our own page
    return made


def component(**different: object) -> Component:
    """Return the first component of the shipped manifest with something different."""
    return load(REPOSITORY / "rollback.toml").system.components[0].model_copy(update=different)


def test_the_criterion_in_readme_works() -> None:
    """Green where it should be, red with a hint where it should not."""
    test = snippet()["test_a_user_is_simulated"]
    test(component())
    with pytest.raises(errors.Refused) as caught:
        test(component(requests=()))

    assert test.criterion.identity == "readiness.users.simulated"
    assert "gateway" in caught.value.hint
