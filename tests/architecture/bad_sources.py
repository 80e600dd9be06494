"""Sources that break one rule each, and sources that break none; made up, a line or two long."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import PurePosixPath

from tests.architecture.layers import ON_HOST
from tests.architecture.shape import CROWDED, LONGEST, SHORTEST, SHORTEST_FACE

TOO_SHORT = "# too short\n"
ID = '@criterion("readiness.backups.intact")\ndef test_a(): ...\n'
AGENT = "plugins/pytest_rollback/agent"
BY_NAME = (
    "os.stat(path)",
    "os.chown(path, 0, 0)",
    "shutil.rmtree(path)",
    "open(path)",
    'open(f"/proc/{pid}/cwd/{path}")',
    "os.open(path, os.O_RDONLY, dir_fd=above)",
    "os.stat(path, dir_fd=above)",
    "list(map(os.path.exists, paths))",
    "from os import listdir",
    "from shutil import copytree",
    "pathlib.Path(path).read_text()",
    "os.link(path, other, src_dir_fd=above, dst_dir_fd=above)",
    "def f(path: str): os.listdir(path)",
)
"""Ways to use a name as it is; each follows a link, or goes where somebody else leads."""

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
    (
        "nothing outside of a part",
        "plugins/pytest_rollback/plugin/session.py",
        "def f():\n    from pytest_rollback.extras.sandbox import target",
    ),
    (
        "no part of extras",
        "plugins/pytest_rollback/extras/triage/rules.py",
        "from pytest_rollback.extras.incident.checklist import checklist",
    ),
    (
        "the agent's other packages",
        "plugins/pytest_rollback/agent/rollback/undo.py",
        "def f():\n    from ..database import swap",
    ),
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
        "from pytest_rollback.fixtures.host import system",
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
    (
        "packages of the controller",
        "plugins/pytest_rollback/evidence/seal.py",
        "from pytest_rollback.run import record",
    ),
    (
        "packages of the controller",
        "plugins/pytest_rollback/checks/soak.py",
        "def f():\n    from pytest_rollback.evidence import seal",
    ),
    ("packages of the controller", "plugins/pytest_rollback/helpers/x.py", "import os"),
    (
        "packages of the agent",
        "plugins/pytest_rollback/agent/files/copy.py",
        "from ..state.backup_set import BackupSet",
    ),
    (
        "packages of the agent",
        "plugins/pytest_rollback/agent/services/units.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..database import dump",
    ),
    (
        "packages of the agent",
        "plugins/pytest_rollback/agent/messages/units.py",
        "from ..system.command import run",
    ),
    (
        "the controller imports of the agent",
        "plugins/pytest_rollback/recovery/gate.py",
        "from pytest_rollback.agent.files import tree",
    ),
    (
        "no circle of modules",
        "plugins/pytest_rollback/agent/files/tree.py",
        "def f():\n    from .read import sha256",
    ),
    (
        "no circle of packages",
        "plugins/pytest_rollback/report/html/page.py",
        "from pytest_rollback.report.amend import write",
    ),
    *(("the agent uses no name", f"{AGENT}/backup/save.py", each) for each in BY_NAME),
    ("files have 40", "tests/unit/test_x.py", "x = 1\n" * (LONGEST + 1)),
    ("files have 40", "fixtures/host.py", f"{TOO_SHORT}import os"),
    ("one class name", "plugins/pytest_rollback/run/run.py", "class Journal: ..."),
    ("modules and classes", "plugins/pytest_rollback/run/tally.py", "import os"),
    ("modules and classes", "tests/unit/test_read_seen.py", "import os"),
    ("modules and classes", "plugins/pytest_rollback/run/holder.py", "import os"),
    ("modules and classes", "fixtures/host.py", "class ToldOperator: ..."),
    ("functions are short", "plugins/pytest_rollback/run/run.py", "def f():\n" + "    a()\n" * 40),
    ("each package says", "plugins/pytest_rollback/run/__init__.py", '"""One run."""'),
    ("each package says", "plugins/pytest_rollback/deep/er/x.py", "import os"),
    ("nothing leads out", "tests/unit/test_x.py", "PROCEDURE = '../shared/procedure.md'"),
]
GOOD = {
    "plugins/pytest_rollback/agent/files/read.py": "from . import tree",
    "plugins/pytest_rollback/agent/files/tree.py": "from ..errors import HostError",
    "plugins/pytest_rollback/agent/messages/units.py": "from ..errors import HostError",
    "plugins/pytest_rollback/agent/services/units.py": "from ..messages import units",
    "plugins/pytest_rollback/evidence/seal.py": (
        "from pytest_rollback.agent.state.journal import Journal\n"
        "from pytest_rollback.agent.messages.units import UnitsRequest\n"
        "from pytest_rollback.agent import routes"
    ),
    "plugins/pytest_rollback/agent/state/journal.py": "class Journal: ...",
    "plugins/pytest_rollback/report/amend.py": "from pytest_rollback.report.html import page",
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
        "from ..errors import HostError\nimport os\n"
        "A = os.O_RDONLY | os.O_NOFOLLOW\n"
        "def f(tree, opened: int):\n"
        "    os.open('x', A, dir_fd=opened)\n"
        "    os.listdir(tree.directory('x'))\n"
        "    os.stat('x', dir_fd=opened, follow_symlinks=False)\n"
        "    open(f'/proc/{opened}/stat')\n"
    ),
    "plugins/pytest_rollback/errors.py": "import typing",
    "plugins/pytest_rollback/manifest/model.py": (
        "from pytest_rollback.manifest.values import Name\nimport pydantic"
    ),
    "fixtures/host.py": "import pytest\nfrom pytest_rollback.plugin.session import run_of",
    "suites/readiness/test_x.py": ID,
    "tests/unit/test_x.py": "# as in AIVillage\nfrom pytest_rollback.plugin.session import RUN",
}

WHOLE: list[tuple[str, str, dict[str, str]]] = [
    (
        "at most 15 entries",
        "plugins/pytest_rollback/run/ has",
        {f"plugins/pytest_rollback/run/file{n}.py": "import os" for n in range(CROWDED + 1)},
    ),
    (
        "functions are short",
        "the median function has 11 lines",
        {"plugins/pytest_rollback/run/run.py": "def f():\n" + "    a()\n" * 10},
    ),
    (
        "at most 8 floors",
        "agent",
        {
            f"{AGENT}/{upper[0]}/x.py": f"from ..{lower[0]} import x"
            for lower, upper in pairwise(ON_HOST)
        },
    ),
]
"""What takes several bad sources: the rule, what the finding says, and the sources."""


def house(*parts: Mapping[str, str]) -> dict[str, str]:
    """Return sources as the rules want them: filled up to a file's length, each folder with a face.

    What begins with `TOO_SHORT` stays as it is.
    """
    found = {path: text for part in parts for path, text in part.items()}
    folders = {each for path in found for each in PurePosixPath(path).parents[:-2]}
    face = '"""What is promised.\n' + "A promise.\n" * SHORTEST_FACE + '"""\n'
    faces = {f"{each}/__init__.py": face for each in folders if _is_package(each)}
    return faces | {path: _filled(path, text) for path, text in found.items()}


def _is_package(folder: PurePosixPath) -> bool:
    return folder.is_relative_to("plugins/pytest_rollback") and folder.name != "er"


def _filled(path: str, text: str) -> str:
    is_whole = text.startswith(TOO_SHORT) or path.endswith("__init__.py")
    return text if is_whole else text + "\n" * SHORTEST
