"""Who imports whom, as a graph: arrows between modules or packages, circles, floors.

An arrow leads from a module to one that it imports. Imports for types and imports inside of
functions count like any other: what cannot be read without the other module depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tests.architecture.sources import PACKAGE, ROOT, Sources, imports, module

Graph = dict[str, set[str]]
FACE = ".__init__"


def modules(found: Sources, root: str = ROOT) -> Graph:
    """Return the modules below a folder, each with those that it imports, by dotted name."""
    mine = {module(path).removesuffix(FACE): path for path in found if path.startswith(root)}
    return {
        name: {
            other
            for each in imports(path, found[path])
            if (other := nearest(each, mine)) and other != name and not _is_base(each, path, found)
        }
        for name, path in mine.items()
    }


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the longest beginning of a dotted name that is a known module, "" if there is none."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def _is_base(name: str, path: str, found: Sources) -> bool:
    """Tell whether a name is only the package in `from package import module`."""
    below = [each for each in imports(path, found[path]) if each.rpartition(".")[0] == name]
    files = [f"plugins/{each.replace('.', '/')}" for each in below]
    return bool(files) and all(
        f"{file}.py" in found or f"{file}/__init__.py" in found for file in files
    )


def collapsed(graph: Graph, of: Callable[[str], str]) -> Graph:
    """Return a graph of groups of nodes, `of` naming the group of each; "" leaves a node out."""
    result: Graph = {}
    for name, others in graph.items():
        if group := of(name):
            result.setdefault(group, set()).update(filter(None, map(of, others)))
    return {name: others - {name} for name, others in result.items()}


def packages(graph: Graph) -> tuple[Graph, Graph]:
    """Return the packages of the controller and those of the agent, without their prefixes.

    A module that lies beside the packages, such as `errors`, stands for itself. The agent as a
    whole is one package of the controller.
    """
    agent = f"{PACKAGE}.agent."
    return (
        collapsed(graph, lambda name: f"{name}..".split(".")[1]),
        collapsed(graph, lambda name: name.removeprefix(agent).split(".")[0] * (agent in name)),
    )


def inside(graph: Graph) -> Iterator[tuple[str, Graph]]:
    """Yield each folder with the graph of its entries, modules and folders alike."""
    folders = {name.rpartition(".")[0] for name in graph if "." in name}
    for folder in sorted(folders):
        start = f"{folder}."
        yield (
            folder,
            collapsed(
                graph,
                lambda name, start=start: (
                    name.removeprefix(start).split(".")[0]  # type: ignore[misc]
                    * name.startswith(start)
                ),
            ),
        )


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of nodes that can all reach each other, each sorted (Kosaraju)."""
    order: list[str] = []
    seen: set[str] = set()
    for name in graph:
        _visit(graph, name, seen, order)
    back: Graph = {name: set() for name in sorted(graph)}
    for name, others in graph.items():
        for other in others & graph.keys():
            back[other].add(name)
    done: set[str] = set()
    groups = []
    for name in reversed(order):
        group: list[str] = []
        _visit(back, name, done, group)
        groups.append(sorted(group))
    return [group for group in groups if len(group) > 1]


def _visit(graph: Graph, name: str, seen: set[str], order: list[str]) -> None:
    """Add what a node can reach and has not been seen to `order`, the deepest first."""
    if name in seen:
        return
    seen.add(name)
    for other in sorted(graph[name] & graph.keys()):
        _visit(graph, other, seen, order)
    order.append(name)


def floors(graph: Graph) -> dict[str, int]:
    """Return on which floor each node stands: 1, or above all that it imports.

    Nodes of a circle have no floor of their own: what is met again is not counted.
    """
    known: dict[str, int] = {}

    def floor(name: str, above: frozenset[str]) -> int:
        if name not in known:
            lower = sorted(graph[name] & graph.keys() - above - {name})
            known[name] = 1 + max((floor(each, above | {name}) for each in lower), default=0)
        return known[name]

    return {name: floor(name, frozenset()) for name in sorted(graph)}
