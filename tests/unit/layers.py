"""Who may import whom, as design.md has it: rules over syntax trees, each a function of sources."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
OURS = ("pytest_rollback", "fixtures", "suites", "tests")
AGENT = "plugins/pytest_rollback/agent/*"
GENERAL = (
    "plugins",
    "suites",
    "scripts",
    "benchmarks",
    "fixtures",
    "conftest.py",
    "pyproject.toml",
)
"""Places that serve any system: nothing of a particular one is named in them."""

DATA = ("model", "values", "thresholds", "contacts")
"""What rollback.toml describes, in several files."""

Sources = Mapping[str, str]


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
        "the model is data: its parts import nothing of ours but each other",
        tuple(f"plugins/pytest_rollback/manifest/{name}.py" for name in DATA),
        tuple(f"{name}*" for name in OURS),
        save=tuple(f"pytest_rollback.manifest.{name}{end}" for name in DATA for end in ("", ".*")),
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
        ("conftest.py", "fixtures/*.py", "plugins/pytest_rollback/plugin/*", "tests/*"),
    ),
    Rule(
        "the package imports pytest in plugin alone",
        ("plugins/*",),
        ("pytest", "pytest.*", "_pytest*"),
        ("plugins/pytest_rollback/plugin/*",),
    ),
    Rule(
        "the package does not know who uses it",
        ("plugins/*",),
        ("fixtures*", "suites*", "tests*", "conftest"),
    ),
    Rule("suites and fixtures know no tests", ("suites/*", "fixtures/*.py"), ("tests*",)),
)


def sources(repository: Path = REPOSITORY) -> dict[str, str]:
    """Return our Python sources by their paths; the sandbox's releases are not ours."""
    places = ("plugins", "fixtures", "suites", "scripts", "benchmarks", "tests")
    found = [path for place in places for path in (repository / place).rglob("*.py")]
    named = {path.relative_to(repository).as_posix(): path for path in found}
    kept = {name: path for name, path in named.items() if not name.startswith("fixtures/village/")}
    return {name: path.read_text("utf-8") for name, path in kept.items()} | {
        "conftest.py": (repository / "conftest.py").read_text("utf-8")
    }


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Tell whether a text matches one of the patterns; `*` stands for any characters."""
    return any(fnmatch(text, pattern) for pattern in patterns)


def module(path: str) -> str:
    """Return the dotted name of a source."""
    return path.removeprefix("plugins/").removesuffix(".py").replace("/", ".")


def imports(path: str, source: str) -> Iterator[str]:
    """Yield the full name of everything that a source imports, wherever in it."""
    package = module(path).split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))


def broken(rule: Rule, found: Sources) -> list[str]:
    """Return what breaks a rule: a line for each file and import."""
    mine = [path for path in found if matches(path, rule.where) and not matches(path, rule.but)]
    return [
        f"{path} imports {name}"
        for path in mine
        for name in dict.fromkeys(imports(path, found[path]))
        if matches(name, rule.never) and not matches(name, rule.save)
    ]


def foreign(found: Sources) -> list[str]:
    """Return what the agent imports beside the standard library and itself."""
    allowed = {*sys.stdlib_module_names, "pytest_rollback"}
    return [
        f"{path} imports {name}"
        for path, source in found.items()
        if matches(path, [AGENT])
        for name in imports(path, source)
        if name.split(".")[0] not in allowed
        or (name.startswith("pytest_rollback") and not name.startswith("pytest_rollback.agent"))
    ]


def too_new(found: Sources) -> list[str]:
    """Return what an old Python on a host could not even read, of the agent."""
    return [f"{path}: {why}" for path in found if (why := _unread(path, found[path]))]


def _unread(path: str, source: str) -> str:
    try:
        ast.parse(source, feature_version=(3, 8)) if matches(path, [AGENT]) else None
    except SyntaxError as error:
        return str(error)
    return ""


def named(found: Sources, name: str = "aivillage") -> list[str]:
    """Return the lines in which the general part names one system."""
    return [
        f"{path}:{number}"
        for path, source in found.items()
        if path.split("/")[0] in GENERAL
        for number, line in enumerate(source.splitlines(), 1)
        if name in line.lower()
    ]


def criteria(found: Sources) -> list[tuple[str, str | None]]:
    """Return every test under suites/ as `path::name`, with its criterion id where it has one."""
    return [
        (f"{path}::{node.name}", _identity(node))
        for path, source in found.items()
        if matches(path, ["suites/*"])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    ]


def _identity(test: ast.FunctionDef) -> str | None:
    for node in test.decorator_list:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            if node.func.id == "criterion" and isinstance(first, ast.Constant):
                return str(first.value)
    return None


def nameless(found: Sources) -> list[str]:
    """Return the tests under suites/ without an id, and the ids that two of them share."""
    listed = criteria(found)
    counted = Counter(identity for _, identity in listed if identity)
    return [
        *(f"{test} has no criterion id" for test, identity in listed if identity is None),
        *(f"{identity} stands for {n} criteria" for identity, n in counted.items() if n > 1),
    ]


Check = Callable[[Sources], list[str]]
CHECKS: dict[str, Check] = {
    **{rule.name: lambda found, rule=rule: broken(rule, found) for rule in RULES},  # type: ignore[misc]
    "the agent imports the standard library and itself": foreign,
    "the agent can be read by Python 3.8": too_new,
    "what is general names no system": named,
    "each test under suites/ is one criterion": nameless,
}
