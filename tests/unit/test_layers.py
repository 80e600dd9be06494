"""design.md's import rules hold, and each of them would say so if it did not."""

from __future__ import annotations

import pytest

from tests.unit.layers import CHECKS, GENERAL, REPOSITORY, sources

ID = '@criterion("readiness.backups.intact")\ndef test_a(): ...\n'
BAD: list[tuple[str, str, str]] = [
    ("errors and values", "plugins/rollback/errors.py", "from . import model"),
    ("errors and values", "plugins/rollback/values.py", "from rollback.errors import Refused"),
    ("errors and values", "plugins/rollback/errors.py", "def f():\n    import rollback.run"),
    ("the model is data", "plugins/rollback/model.py", "from rollback.errors import Refused"),
    ("the model is data", "plugins/rollback/notification.py", "from .connection import KINDS"),
    ("actions know", "plugins/rollback/actions/files.py", "from rollback.gate import Gate"),
    ("actions know", "plugins/rollback/actions/deep/files.py", "from ...gate import Gate"),
    ("actions know", "plugins/rollback/actions/units.py", "import pytest"),
    ("actions know", "plugins/rollback/action.py", "from pytest import fixture"),
    ("fixtures know", "fixtures/host.py", "from rollback import gate"),
    ("fixtures know", "fixtures/host.py", "from rollback.actions.files import RESTORE_FILES"),
    ("nothing imports the plugin", "plugins/rollback/gate.py", "from .plugin import run_of"),
    ("nothing imports the plugin", "suites/drill/test_x.py", "from rollback.plugin import RUN"),
    ("nothing imports the plugin", "scripts/x.py", "import rollback.plugin"),
    ("the package imports pytest", "plugins/rollback/gate.py", "from _pytest.config import Config"),
    ("the package imports pytest", "plugins/rollback/page/row.py", "import pytest as p"),
    ("the package does not know", "plugins/rollback/run.py", "from fixtures.host import system"),
    ("the package does not know", "plugins/rollback/run.py", "import suites.drill"),
    ("suites and fixtures", "suites/drill/test_x.py", "from tests.plugin.shop import Shop"),
    ("the agent imports", "plugins/rollback/agent/run.py", "import pydantic"),
    ("the agent imports", "plugins/rollback/agent/run.py", "from rollback.errors import Refused"),
    ("the agent imports", "plugins/rollback/agent/run.py", "from .. import errors"),
    ("the agent can be read", "plugins/rollback/agent/run.py", "match 1:\n    case 1: ..."),
    ("the agent can be read", "plugins/rollback/agent/run.py", "with (a as b, c as d): ..."),
    ("what is general", "plugins/rollback/run.py", "# as in AIVillage"),
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
    "plugins/rollback/plugin.py": "import pytest\nfrom rollback.gate import Gate",
    "plugins/rollback/restore.py": "import pytest\nfrom rollback.plugin import run_of",
    "plugins/rollback/actions/files.py": "from rollback.action import Action\nimport json",
    "plugins/rollback/agent/run.py": "from . import paths\nfrom .problem import Problem\nimport os",
    "plugins/rollback/errors.py": "import typing",
    "plugins/rollback/model.py": "from rollback.values import Name\nimport pydantic",
    "fixtures/host.py": "import pytest\nfrom rollback.plugin import run_of",
    "suites/readiness/test_x.py": ID,
    "tests/unit/test_x.py": "# as in AIVillage\nfrom rollback.plugin import RUN",
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

    assert {"plugins/rollback/errors.py", "plugins/rollback/agent/run.py"} <= found.keys()
    assert any(path.startswith("suites/") for path in found)
