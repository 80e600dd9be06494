"""design.md's import rules hold, and each of them would say so if it did not."""

from __future__ import annotations

import pytest

from tests.unit.layers import CHECKS, GENERAL, REPOSITORY, sources

ID = '@criterion("readiness.backups.intact")\ndef test_a(): ...\n'
BAD: list[tuple[str, str, str]] = [
    ("errors and values", "plugins/pytest_rollback/errors.py", "from .manifest import model"),
    (
        "errors and values",
        "plugins/pytest_rollback/manifest/values.py",
        "from pytest_rollback.errors import Refused",
    ),
    (
        "errors and values",
        "plugins/pytest_rollback/errors.py",
        "def f():\n    import pytest_rollback.run",
    ),
    (
        "the model is data",
        "plugins/pytest_rollback/manifest/model.py",
        "from pytest_rollback.errors import Refused",
    ),
    (
        "the model is data",
        "plugins/pytest_rollback/manifest/contacts.py",
        "from .connection import KINDS",
    ),
    (
        "actions know",
        "plugins/pytest_rollback/recovery/actions/files.py",
        "from pytest_rollback.recovery.gate import Gate",
    ),
    (
        "actions know",
        "plugins/pytest_rollback/recovery/actions/deep/files.py",
        "from ....recovery.gate import Gate",
    ),
    ("actions know", "plugins/pytest_rollback/recovery/actions/units.py", "import pytest"),
    ("actions know", "plugins/pytest_rollback/recovery/action.py", "from pytest import fixture"),
    ("fixtures know", "fixtures/host.py", "from pytest_rollback.recovery import gate"),
    (
        "fixtures know",
        "fixtures/host.py",
        "from pytest_rollback.recovery.actions.files import RESTORE_FILES",
    ),
    (
        "nothing imports the plugin",
        "plugins/pytest_rollback/recovery/gate.py",
        "from ..plugin.session import run_of",
    ),
    (
        "nothing imports the plugin",
        "suites/drill/test_x.py",
        "from pytest_rollback.plugin.session import RUN",
    ),
    ("nothing imports the plugin", "scripts/x.py", "import pytest_rollback.plugin.hooks"),
    (
        "the package imports pytest",
        "plugins/pytest_rollback/recovery/gate.py",
        "from _pytest.config import Config",
    ),
    (
        "the package imports pytest",
        "plugins/pytest_rollback/report/html/row.py",
        "import pytest as p",
    ),
    (
        "the package does not know",
        "plugins/pytest_rollback/run/run.py",
        "from fixtures.host import system",
    ),
    ("the package does not know", "plugins/pytest_rollback/run.py", "import suites.drill"),
    ("suites and fixtures", "suites/drill/test_x.py", "from tests.plugin.shop import Shop"),
    ("the agent imports", "plugins/pytest_rollback/agent/system/command.py", "import pydantic"),
    (
        "the agent imports",
        "plugins/pytest_rollback/agent/system/command.py",
        "from pytest_rollback.errors import Refused",
    ),
    (
        "the agent imports",
        "plugins/pytest_rollback/agent/system/command.py",
        "from ... import errors",
    ),
    (
        "the agent can be read",
        "plugins/pytest_rollback/agent/system/command.py",
        "match 1:\n    case 1: ...",
    ),
    (
        "the agent can be read",
        "plugins/pytest_rollback/agent/system/command.py",
        "with (a as b, c as d): ...",
    ),
    ("what is general", "plugins/pytest_rollback/run.py", "# as in AIVillage"),
    ("what is general", "fixtures/host.py", "unit = 'aivillage-gateway'"),
    ("each test under suites/", "suites/readiness/test_x.py", "def test_x(): ..."),
    (
        "each test under suites/",
        "suites/readiness/deep/test_x.py",
        "@other('a')\ndef test_x(): ...",
    ),
    ("each test under suites/", "suites/readiness/test_x.py", f"{ID}{ID}"),
]
GOOD = {
    "plugins/pytest_rollback/plugin/hooks.py": (
        "import pytest\nfrom pytest_rollback.recovery.gate import Gate"
    ),
    "plugins/pytest_rollback/plugin/fixtures.py": (
        "import pytest\nfrom pytest_rollback.plugin.session import run_of"
    ),
    "plugins/pytest_rollback/recovery/actions/files.py": (
        "from pytest_rollback.recovery.action import Action\nimport json"
    ),
    "plugins/pytest_rollback/agent/system/command.py": (
        "from ..files import tree\nfrom ..errors import Problem\nimport os"
    ),
    "plugins/pytest_rollback/errors.py": "import typing",
    "plugins/pytest_rollback/manifest/model.py": (
        "from pytest_rollback.manifest.values import Name\nimport pydantic"
    ),
    "fixtures/host.py": "import pytest\nfrom pytest_rollback.plugin.session import run_of",
    "suites/readiness/test_x.py": ID,
    "tests/unit/test_x.py": "# as in AIVillage\nfrom pytest_rollback.plugin.session import RUN",
}


def others() -> dict[str, str]:
    """Return what is no Python and general all the same."""
    plain = [path for place in GENERAL for path in (REPOSITORY / place).rglob("*")]
    plain += [REPOSITORY / "pyproject.toml", *(REPOSITORY / "scripts").iterdir()]
    listed = {path.relative_to(REPOSITORY).as_posix(): path for path in plain if path.is_file()}
    return {
        name: path.read_text("utf-8", "replace")
        for name, path in listed.items()
        if not name.startswith("fixtures/village/") and path.suffix not in {".py", ".pyc"}
    }


@pytest.mark.parametrize("name", CHECKS)
def test_the_rule_holds(name: str) -> None:
    """Over every source that there is."""
    assert CHECKS[name](sources()) == []


@pytest.mark.parametrize(("name", "path", "source"), BAD)
def test_the_rule_would_say_so(name: str, path: str, source: str) -> None:
    """One bad source breaks it, and the finding names the file or the id."""
    (check,) = (check for each, check in CHECKS.items() if each.startswith(name))
    said = check({**GOOD, path: source})

    assert said
    assert path in said[0] or "readiness.backups.intact" in said[0]


@pytest.mark.parametrize("name", CHECKS)
def test_the_rule_allows_what_is_meant(name: str) -> None:
    """Sources that keep to the design break none."""
    assert CHECKS[name](GOOD) == []


def test_every_rule_was_seen_broken() -> None:
    """A new rule needs a bad source of its own."""
    assert {name for name in CHECKS if not any(name.startswith(bad[0]) for bad in BAD)} == set()


def test_templates_scripts_and_settings_name_no_system() -> None:
    """What is general and no Python serves any system as well."""
    assert CHECKS["what is general names no system"](others()) == []


def test_the_rules_look_at_something() -> None:
    """An empty list of sources would break no rule."""
    found = sources()

    assert {
        "plugins/pytest_rollback/errors.py",
        "plugins/pytest_rollback/agent/system/command.py",
    } <= found.keys()
    assert any(path.startswith("suites/") for path in found)
