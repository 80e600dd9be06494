"""What a runbook names, and whether it is there: commands, paths, scripts, units, URLs, imports."""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rollback.errors import Inconclusive, RollbackError
from rollback.model import Component, System
from rollback.shellwords import Command, commands, snippets

BUILTINS = frozenset(
    re.split(
        r"\s+",
        ": . [ [[ alias break cd continue declare done echo elif esac eval exit export false fi "
        "for function if in local printf pwd read return set shift source test trap true type "
        "ulimit umask unset until wait while case }",
    )
)
PLACED = {"cp", "mv", "install", "ln", "rsync", "scp"}
"""Commands whose last argument is a place that they make or fill."""
MADE = {"mkdir", "touch", "rm", "rmdir", "tee"}
"""Commands whose arguments need not be there; the folders around them do."""
GLOB = re.compile(r"[*?\[]")
WRITTEN = re.compile(r"[$`{}<>|\s]|://|\\")
"""What no plain path has in it: it is computed, or is something else."""
WITH_DATA = {"-d", "--data", "--data-raw", "--json", "--data-binary", "-F", "--form"}
TAKES = WITH_DATA | {
    "-H",
    "--header",
    "-X",
    "--request",
    "-o",
    "--output",
    "-m",
    "--max-time",
    "-u",
}
LOCAL = {"localhost", "127.0.0.1", "::1"}
PATIENCE = 3.0
TRIAL = 60.0


class Claim(NamedTuple):
    """One thing that a runbook takes for granted.

    Args:
        line: where it says so.
        kind: command, path, folder, script, unit, url or import.
        name: the thing; of a URL the method and the address.
    """

    line: int
    kind: str
    name: str


class Drift(NamedTuple):
    """What became of a runbook: how much it names, what of it is not there, what is unknown."""

    named: Mapping[str, int]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def read(path: Path) -> str:
    """Return the text of a runbook.

    Raises:
        Inconclusive: it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8"
        raise Inconclusive(
            f"the runbook {path} cannot be read: {why}",
            hint="correct [runbook] path in rollback.toml; relative ones begin at its folder",
        ) from error


def claims(page: str, system: System) -> list[Claim]:
    """Return everything that a page's code blocks name, each thing once, by line."""
    found: dict[tuple[str, str], Claim] = {}
    listed = [claim for each in commands(page) for claim in claimed(each, system)]
    listed += [claim for each in snippets(page) for claim in imported(each.line, each.text)]
    for claim in sorted(listed):
        found.setdefault((claim.kind, claim.name), claim)
    return sorted(found.values())


def claimed(each: Command, system: System) -> Iterator[Claim]:
    """Yield what one command names."""
    end = system.about.suffix
    for path in each.writes:
        yield from at(each.line, path, "folder", end)
    if not each.bare or WRITTEN.search(each.bare[0]):
        return
    name = each.bare[0]
    if name not in BUILTINS and "/" not in name:
        yield Claim(each.line, "command", name)
    yield from at(each.line, name, "script", end)
    if each.program in {"python", "python3", "bash", "sh"}:
        first = next(iter(each.bare[1:]), "-")
        yield from [] if first.startswith("-") else [Claim(each.line, "script", first)]
    elif each.program == "systemctl":
        yield from units(each)
    elif each.program in {"curl", "wget"}:
        yield from addresses(each)
    elif each.program not in {"echo", "printf", "export"}:
        yield from paths(each, end)


def at(line: int, path: str, kind: str, end: str) -> Iterator[Claim]:
    """Yield a path that is named: of a copy the file itself, of a pattern its folder."""
    if "/" not in path or path.startswith(("-", "/dev/")) or WRITTEN.search(path):
        return
    path = path.removesuffix(end)
    if GLOB.search(path):
        kind, path = "folder", f"{path[: GLOB.search(path).start()].rpartition('/')[0]}/x"  # type: ignore[union-attr]
    if kind == "folder":
        path = path.rpartition("/")[0]
    if path:
        yield Claim(line, kind, path)


def paths(each: Command, end: str) -> Iterator[Claim]:
    """Yield the paths among a command's arguments."""
    words = list(each.arguments)
    if each.program == "git":
        words = list(each.bare[each.bare.index("--") + 1 :]) if "--" in each.bare else []
    if each.program == "find":
        words = words[:1]
    for number, word in enumerate(words):
        last = each.program in PLACED and number == len(words) - 1
        yield from at(each.line, word, "folder" if last or each.program in MADE else "path", end)


def units(each: Command) -> Iterator[Claim]:
    """Yield the units that a systemctl names; patterns are traps."""
    for word in each.arguments[1:]:
        if not GLOB.search(word) and not WRITTEN.search(word):
            yield Claim(each.line, "unit", word.removesuffix(".service"))


def addresses(each: Command) -> Iterator[Claim]:
    """Yield the URLs that a curl asks, each with its method; without who logs in there."""
    words, method = list(each.bare[1:]), "GET"
    for flag, value in itertools.pairwise(words):
        method = "POST" if flag in WITH_DATA and method == "GET" else method
        method = value if flag in {"-X", "--request"} else method
    for before, word in itertools.pairwise(["", *words]):
        if re.match(r"https?://", word) and before not in TAKES and "$" not in word:
            place = urlsplit(word)
            clean = place._replace(netloc=place.netloc.rpartition("@")[2])
            yield Claim(each.line, "url", f"{method} {clean.geturl()}")


def imported(line: int, text: str) -> Iterator[Claim]:
    """Yield what Python imports beside the standard library, as `module` or `module:name`."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}:{a.name}".removesuffix(":*") for a in node.names]
        for name in names:
            if re.split(r"[.:]", name)[0] not in sys.stdlib_module_names:
                yield Claim(line + getattr(node, "lineno", 1) - 1, "import", name)


def names(found: Iterable[Claim], *kinds: str) -> list[str]:
    """Return the names of some kinds of claims."""
    return [claim.name for claim in found if claim.kind in kinds]


def questions(found: list[Claim], system: System) -> dict[str, dict[str, Any]]:
    """Return what the host is asked, by a word for each; nothing for what nobody named."""
    root, services = system.about.root, system.services
    asked: dict[str, dict[str, Any]] = {}
    if tools := names(found, "command"):
        asked["tools"] = {"noun": "tools", "verb": "look", "root": root, "commands": tools}
    if places := names(found, "path", "folder", "script"):
        asked["paths"] = {"noun": "paths", "verb": "look", "root": root, "paths": places}
    if known := names(found, "unit"):
        manager = {"manager": services.manager, "socket": services.socket}
        listed = [{"unit": unit, "ports": ()} for unit in known]
        asked["units"] = {"noun": "units", "verb": "look", **manager, "units": listed}
    if loads := names(found, "import"):
        asked["imports"] = trial(loads, system)
    for address in names(found, "url"):
        probe = probed(address, system)
        asked[address] = {"noun": "probes", "verb": "ask", "samples": 1, "probe": probe}
    return asked


def trial(loads: Iterable[str], system: System) -> dict[str, Any]:
    """Return the question whether imports load in the live tree, each as its component would."""
    keys = {"name", "interpreter", "directory", "environment", "environment_files"}
    owned = {name: owner(name, system).name for name in loads}
    components = [
        {
            **each.model_dump(include=keys),
            "imports": [name for name in owned if owned[name] == each.name],
            "constructs": [],
        }
        for each in system.components
        if each.name in owned.values()
    ]
    about, where = system.about, {"live": True, "files": (), "timeout": TRIAL}
    place = {"root": about.root, "state": about.state, "suffix": about.suffix, "user": about.user}
    return {"noun": "trial", "verb": "look", **place, **where, "components": components}


def owner(name: str, system: System) -> Component:
    """Return the component that a module belongs to: one that imports it itself, or the first."""
    module = name.partition(":")[0]
    for each in system.components:
        own = [*each.imports, *(construct.call for construct in each.constructs)]
        if module in {known.partition(":")[0] for known in own}:
            return each
    return system.components[0]


def probed(address: str, system: System) -> dict[str, Any]:
    """Return how a URL is asked: as it is described, or by GET; what would change by a connection.

    Readiness changes nothing: a POST that rollback.toml does not know as a probe is not sent.
    """
    method, _, url = address.partition(" ")
    for probe in system.probes.values():
        if probe.url == url and probe.method == method:
            return probe.model_dump(by_alias=True, mode="json")
    place = urlsplit(url)
    if method in {"GET", "HEAD"} and place.hostname in LOCAL:
        return {"url": url, "method": method, "timeout": PATIENCE}
    port = place.port or (443 if place.scheme == "https" else 80)
    return {"tcp": f"{place.hostname}:{port}", "timeout": PATIENCE}


def deadline(found: list[Claim]) -> float:
    """Return the seconds that all questions together may take."""
    return TRIAL + 30 + 4 * PATIENCE * len(names(found, "url"))


def drifted(
    found: list[Claim], answers: Mapping[str, Any], system: System, homes: Iterable[Path]
) -> Drift:
    """Return what a host says of the claims.

    Args:
        found: the claims.
        answers: an answer, or the error in its place, to each of `questions`.
        system: the target.
        homes: where scripts may be as well: folders on the controller.
    """
    missing, unknown = [], []
    for claim in found:
        answer = answers[claim.name if claim.kind == "url" else TOLD[claim.kind]]
        if claim.kind == "script" and any((home / claim.name).is_file() for home in homes):
            continue
        if isinstance(answer, RollbackError):
            unknown.append(f"line {claim.line}: {claim.kind} {claim.name}: {answer.message}")
        elif why := lacking(claim, answer, system):
            missing.append(f"line {claim.line}: {claim.kind} {claim.name}: {why}")
    kinds = dict.fromkeys(claim.kind for claim in found)
    return Drift({kind: len(names(found, kind)) for kind in kinds}, tuple(missing), tuple(unknown))


TOLD = {
    "command": "tools",
    "path": "paths",
    "folder": "paths",
    "script": "paths",
    "unit": "units",
    "import": "imports",
}


def lacking(claim: Claim, answer: Any, system: System) -> str:  # noqa: ANN401 - any JSON
    """Return what is wrong with a claim; "" where it is true."""
    if claim.kind == "command":
        return "" if answer[claim.name] else "is no command on the host"
    if claim.kind == "unit":
        known = answer[claim.name]
        return "" if known["known"] else f"{system.services.manager} knows no such unit"
    if claim.kind == "import":
        tried = answer["components"][owner(claim.name, system).name]["imports"]
        return str(tried[claim.name] or "")
    if claim.kind == "url":
        return "" if answer["answered"] else str(answer["problem"] or "no answer")
    return placed(claim, answer[claim.name])


def placed(claim: Claim, kind: str | None) -> str:
    """Return what is wrong with a path that is of some kind on the host."""
    if kind is None:
        return "is not on the host" + ", nor here" * (claim.kind == "script")
    if claim.kind == "folder" and kind != "directory":
        return f"is no directory but a {kind}"
    return "is no file" if claim.kind == "script" and kind != "file" else ""
