"""What docs/architecture.md shows of the code: the tree, the floors, and figures of its size."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from statistics import median
from typing import NamedTuple

from tests.architecture import graph, layers, shape
from tests.architecture.sources import (
    PACKAGE,
    PLACES,
    REPOSITORY,
    ROOT,
    Sources,
    entries,
    functions,
    matches,
    module,
    tree,
)

AGENT = f"{ROOT}agent/*"
REMOVABLE = ("extras/*", "agent/database/*", "cli/*")
"""What is no part of the core: what can be taken away, and the command line."""

FREE = re.compile(r"\b(dict|Mapping)\[str, Any\]")
"""A type that says nothing of what it holds."""

EACH_SESSION = f"{PACKAGE}.plugin.hooks"


class Figure(NamedTuple):
    """One line of the table: what is counted, how much it is, and the limit that a test holds."""

    what: str
    now: str
    limit: str = ""


def lines(found: Iterable[str], texts: Sources) -> int:
    """Return the lines of some files together."""
    return sum(len(texts[path].splitlines()) for path in found)


def core(found: Sources) -> list[str]:
    """Return the files that a rollback of a plain system needs."""
    left = [path for path in found if path.startswith(ROOT)]
    away = [f"{ROOT}{each}" for each in REMOVABLE]
    return [path for path in left if not matches(path, away)]


def sizes(found: Sources) -> Iterator[Figure]:
    """Yield files and lines of each place, and how full folders are."""
    for place in PLACES:
        mine = [path for path in found if path.startswith(f"{place}/")]
        yield Figure(f"`{place}/`", f"{len(mine)} files, {lines(mine, found):,} lines")
    inside = entries(path for path in found if path.startswith(ROOT))
    held = {folder: names for folder, names in inside.items() if f"{folder}/".startswith(ROOT)}
    folder, most = max(held.items(), key=lambda each: len(each[1]))
    yield Figure("folders of the package", f"{len(held)}")
    yield Figure(
        "entries of a folder",
        f"median {median(map(len, held.values())):g}, most {len(most)} (`{folder}/`)",
        f"{shape.CROWDED}",
    )
    lengths = sorted(len(found[path].splitlines()) for path in found if path.startswith(ROOT))
    limit = f"{shape.SHORTEST} to {shape.LONGEST}"
    yield Figure("lines of a file", f"median {median(lengths):g}, most {lengths[-1]}", limit)


def order(found: Sources) -> Iterator[Figure]:
    """Yield floors and circles."""
    arrows = graph.modules(found)
    for name, each in layers.heights(found).items():
        yield Figure(f"floors of the {name}", f"{max(each.values())}", f"{layers.FLOORS}")
    yield Figure("circles of modules", f"{len(graph.circles(arrows))}", "0")
    rings = [ring for _, inside in graph.inside(arrows) for ring in graph.circles(inside)]
    yield Figure("circles of packages", f"{len(rings)}", "0")


def code(found: Sources) -> Iterator[Figure]:
    """Yield how long functions are, names with two meanings, and types that say nothing."""
    mine = {path: found[path] for path in found if path.startswith(ROOT)}
    each = [(length, name) for text in mine.values() for name, length in functions(text)]
    longest, name = max(each)
    yield Figure("functions", f"{len(each):,}, median {median(n for n, _ in each):g} lines", "10")
    yield Figure("longest function", f"{longest} lines (`{name}`)", f"{shape.LONGEST_FUNCTION}")
    yield Figure("class names used twice", f"{len(shape.twice(found))}", "0")
    free = [
        line
        for path, text in mine.items()
        if not matches(path, [AGENT])
        for line in text.splitlines()
        if FREE.search(line)
    ]
    yield Figure("lines of the controller with a free `dict`", f"{len(free)}")


def weight(found: Sources) -> Iterator[Figure]:
    """Yield what the core weighs; times are measured now, on this machine."""
    mine = core(found)
    named = [module(path).removesuffix(graph.FACE) for path in mine if not matches(path, [AGENT])]
    yield Figure("the core", f"{len(mine)} modules, {lines(mine, found):,} lines")
    yield Figure("import in every session", f"{seconds([EACH_SESSION]) * 1000:.0f} ms")
    yield Figure("import of the whole core", f"{seconds(named) * 1000:.0f} ms")


def seconds(modules: Iterable[str], times: int = 3) -> float:
    """Return the shortest time in which a fresh Python that has pytest imports some modules."""
    program = (
        "import sys, time, importlib, pytest\n"
        "begin = time.perf_counter()\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(time.perf_counter() - begin)"
    )
    command = [sys.executable, "-c", program, *modules]
    taken = [
        subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
        for _ in range(times)
    ]
    return min(map(float, taken))


def figures(found: Sources, *, timed: bool = True) -> list[Figure]:
    """Return all figures; times only where they are wanted."""
    return [*sizes(found), *order(found), *code(found), *(weight(found) if timed else ())]


def table(rows: Iterable[Figure]) -> str:
    """Return figures as a table."""
    head = ["| what | now | limit |", "| --- | --- | ---: |"]
    return "\n".join([*head, *(f"| {row.what} | {row.now} | {row.limit} |" for row in rows)])


def promise(source: str) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(tree(source)) or "").split("\n", 1)[0]


def house(found: Sources) -> str:
    """Return the tree: every package, and every module beside packages, with its first line."""
    rows = []
    for path in sorted(found, key=lambda path: path.removesuffix("__init__.py").split("/")):
        where = PurePosixPath(path)
        beside = where.parent.as_posix() + "/" in {ROOT, f"{ROOT}agent/"}
        if path.startswith(ROOT) and (where.name == "__init__.py" or beside):
            is_face = where.name == "__init__.py"
            name = f"{where.parent.name}/" if is_face else where.name
            depth = len(where.parts) - (3 if is_face else 2)
            rows.append(f"{'  ' * depth + name:<24} {promise(found[path])}")
    return "\n".join(["```text", *rows, "```"])


def floors(found: Sources) -> str:
    """Return the floors of controller and agent, the highest first."""
    both = list(layers.heights(found).values())
    rows = ["| floor | controller | agent |", "| ---: | --- | --- |"]
    for number in range(max(max(each.values()) for each in both), 0, -1):
        names = [sorted(name for name in each if each[name] == number) for each in both]
        rows.append(f"| {number} | {' | '.join(', '.join(each) for each in names)} |")
    return "\n".join(rows)


def renewed(page: str, parts: dict[str, str]) -> str:
    """Return a page with the text between the marks of each part replaced."""
    for name, text in parts.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        page = marks.sub(lambda found, text=text: f"{found[1]}{text}\n{found[2]}", page)  # type: ignore[misc]
    return page


def part(page: str, name: str) -> str:
    """Return what stands between the marks of a part of a page."""
    return page.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]
