"""Who may import whom, as docs/architecture.md draws it: rules over syntax trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.architecture import graph
from tests.architecture.on_host import AGENT, foreign, too_new
from tests.architecture.sources import PACKAGE, Sources, imports, matches, module

OURS = (PACKAGE, "fixtures", "suites", "tests")
FLOORS = 8

Rows = Sequence[tuple[str, ...]]

CONTROLLER: Rows = (
    ("agent", "errors", "text"),
    ("manifest", "progress"),
    ("transport", "criteria"),
    ("evidence", "checks"),
    ("recovery",),
    ("run",),
    ("report",),
    ("cli", "plugin", "extras"),
)
"""Bottom up: a package imports from the rows below its own, and from no neighbour in its row."""

ON_HOST: Rows = (
    ("errors",),
    ("protocol",),
    ("messages",),
    ("files",),
    ("system",),
    ("state",),
    ("configuration",),
    ("observe",),
    ("backup",),
    ("services", "database", "restore"),
    ("rollback",),
    ("routes",),
    ("main",),
)
"""The same of the agent."""

GROUND = ON_HOST[:3]
"""What both sides share: errors, the protocol, requests and answers. One floor of the agent."""

SHARED = (
    "protocol",
    "errors",
    "routes",
    "messages",
    "observe",
    "system.masking",
    "state.journal",
    "services.registry",
    "backup.owners",
    "database.messages",
    "database.previous.downgrade.messages",
    "database.previous.messages",
    "database.routes",
)
"""What the controller may import of the agent: the protocol, data, and functions without a host."""

DATA = ("model", "values", "thresholds", "contacts", "probes", "refused", "release", "fleet")
"""What rollback.toml describes, in several files."""


class Rule(NamedTuple):
    """Files that match `where` but not `but` import nothing that matches `never` but not `save`."""

    name: str
    where: tuple[str, ...]
    never: tuple[str, ...]
    but: tuple[str, ...] = ()
    save: tuple[str, ...] = ()


RULES = (
    Rule(
        "errors and values import nothing of ours",
        ("plugins/pytest_rollback/errors.py", "plugins/pytest_rollback/manifest/values.py"),
        tuple(f"{name}*" for name in OURS),
    ),
    Rule(
        "the model is data: of ours its parts import each other and the managers' names",
        tuple(f"plugins/pytest_rollback/manifest/{name}.py" for name in DATA),
        tuple(f"{name}*" for name in OURS),
        save=(
            *(f"pytest_rollback.manifest.{name}{end}" for name in DATA for end in ("", ".*")),
            "pytest_rollback.agent.services.registry*",  # the names of service managers
            "pytest_rollback.text.entry_points*",  # and of those that other packages bring
        ),
    ),
    Rule(
        "actions know neither gate nor pytest",
        (
            "plugins/pytest_rollback/recovery/action.py",
            "plugins/pytest_rollback/recovery/actions/*",
        ),
        (
            "pytest",
            "pytest.*",
            "_pytest*",
            "pytest_rollback.recovery.gate",
            "pytest_rollback.plugin*",
            "pytest_rollback.run*",
            "fixtures*",
        ),
    ),
    Rule(
        "fixtures know neither gate nor actions",
        ("fixtures/*.py",),
        (
            "pytest_rollback.recovery.gate",
            "pytest_rollback.recovery.actions*",
            "pytest_rollback.plugin.fixtures",
        ),
    ),
    Rule(
        "nothing imports the plugin but what reads the run from it",
        ("*",),
        ("pytest_rollback.plugin*",),
        ("fixtures/*.py", "plugins/pytest_rollback/plugin/*", "tests/*"),
    ),
    Rule(
        "the package imports pytest in plugin alone",
        ("plugins/*",),
        ("pytest", "pytest.*", "_pytest*", "pytest_html*", "xdist*"),
        ("plugins/pytest_rollback/plugin/*", "plugins/pytest_rollback/text/pytest_settings.py"),
    ),
    Rule(
        "the package does not know who uses it",
        ("plugins/*",),
        ("fixtures*", "suites*", "tests*", "conftest"),
    ),
    Rule(
        "nothing outside of a part imports it: parts join by hooks",
        ("plugins/*",),
        ("pytest_rollback.extras*",),
        ("plugins/pytest_rollback/extras/*",),
    ),
    Rule(
        "the agent's other packages do not import its database",
        ("plugins/pytest_rollback/agent/*",),
        ("pytest_rollback.agent.database*",),
        ("plugins/pytest_rollback/agent/database/*",),
    ),
    Rule("suites and fixtures know no tests", ("suites/*", "fixtures/*.py"), ("tests*",)),
)


def broken(rule: Rule, found: Sources) -> list[str]:
    """Return what breaks a rule: a line for each file and import."""
    mine = [path for path in found if matches(path, rule.where) and not matches(path, rule.but)]
    return [
        f"{path} imports {name}"
        for path in mine
        for name in imports(path, found[path])
        if matches(name, rule.never) and not matches(name, rule.save)
    ]


def sideways(found: Sources, rows: Rows, prefix: str) -> list[str]:
    """Return the imports below a prefix that do not lead down, and packages that have no row."""
    row = {name: number for number, names in enumerate(rows) for name in names}
    listed = []
    for path, source in found.items():
        mine = _package(module(path), prefix)
        if not mine:
            continue
        others = {_package(name, prefix): name for name in imports(path, source)}
        wrong = [
            f"{path} imports {name}"
            for other, name in others.items()
            if other and other != mine and row.get(other, len(rows)) >= row.get(mine, -1)
        ]
        listed += [f"{path} lies in no row of the layers"] if mine not in row else wrong
    return listed


def _package(name: str, prefix: str) -> str:
    """Return which package below a prefix a dotted name belongs to, "" for none or for the face."""
    first = name.removeprefix(prefix).split(".")[0] if name.startswith(prefix) else ""
    return "" if first == "__init__" else first


def upwards(found: Sources) -> list[str]:
    """Return the imports of the controller's packages that do not lead down."""
    return sideways(found, CONTROLLER, f"{PACKAGE}.")


def upwards_on_host(found: Sources) -> list[str]:
    """Return the imports of the agent's packages that do not lead down."""
    return sideways(found, ON_HOST, f"{PACKAGE}.agent.")


def unshared(found: Sources) -> list[str]:
    """Return what the controller imports of the agent that is for the host alone."""
    return [
        f"{path} imports {name}"
        for path, source in found.items()
        if path.startswith("plugins/") and not matches(path, [AGENT])
        for name in imports(path, source)
        if name.startswith(f"{PACKAGE}.agent.")
        and not matches(
            name, [f"{PACKAGE}.agent.{each}{end}" for each in SHARED for end in ("", ".*")]
        )
        and f"{name}." not in {f"{PACKAGE}.agent.{each}"[: len(name) + 1] for each in SHARED}
    ]


def module_circles(found: Sources) -> list[str]:
    """Return the circles of modules; imports for types alone and inside of functions count."""
    return [f"circle: {', '.join(each)}" for each in graph.circles(graph.modules(found))]


def folder_circles(found: Sources) -> list[str]:
    """Return the circles among the entries of a folder: packages, and modules beside them."""
    return [
        f"circle in {folder}: {', '.join(each)}"
        for folder, entries in graph.inside(graph.modules(found))
        for each in graph.circles(entries)
    ]


def neighbours(found: Sources) -> list[str]:
    """Return what a part of `extras` imports of another one."""
    prefix = f"{PACKAGE}.extras."
    return [
        f"{path} imports {name}"
        for path, source in found.items()
        if (mine := _package(module(path), prefix))
        for name in imports(path, source)
        if _package(name, prefix) not in {"", mine}
    ]


def heights(found: Sources) -> dict[str, dict[str, int]]:
    """Return on which floor each package of `controller` and `agent` stands."""
    controller, agent = graph.packages(graph.modules(found))
    ground = {name for row in GROUND for name in row}
    shared = graph.collapsed(agent, lambda name: "ground" if name in ground else name)
    floors = graph.floors(shared)
    return {
        "controller": graph.floors(controller),
        "agent": {name: floors["ground" if name in ground else name] for name in agent},
    }


def towers(found: Sources) -> list[str]:
    """Return whether the packages of the controller, or of the agent, need too many floors."""
    return [
        f"the {name} has {max(each.values())} floors, {FLOORS} is the limit"
        for name, each in heights(found).items()
        if max(each.values(), default=0) > FLOORS
    ]


Check = Callable[[Sources], list[str]]
LAYERS: dict[str, Check] = {
    **{rule.name: lambda found, rule=rule: broken(rule, found) for rule in RULES},  # type: ignore[misc]
    "packages of the controller import from the rows below": upwards,
    "packages of the agent import from the rows below": upwards_on_host,
    "the controller imports of the agent what both sides share": unshared,
    "no part of extras imports another one": neighbours,
    "no circle of modules": module_circles,
    "no circle of packages": folder_circles,
    "at most 8 floors": towers,
    "the agent imports the standard library and itself": foreign,
    "the agent can be read by Python 3.8": too_new,
}
