"""What a runbook takes for granted: commands, paths, scripts, units, URLs, imports it names."""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from pytest_rollback.errors import Inconclusive
from pytest_rollback.extras.runbook.shell import ShellCommand, commands, snippets
from pytest_rollback.manifest.model import System
from pytest_rollback.text import named_files

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
NAME = re.compile(r"[\w.~/:\[{}][\w.+@~/:\[{}-]*")
"""What a program can be called; all else in its place is computed, or a part of an expression."""
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


def read(path: Path) -> str:
    """Return the text of a runbook.

    Raises:
        Inconclusive: it cannot be read.
    """
    try:
        return named_files.content(path).decode("utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not valid UTF-8"
        raise Inconclusive(
            f"the runbook {path} cannot be read: {why}",
            hint="correct [runbook] path in rollback.toml; a relative path starts at its folder",
        ) from error


def claims(page: str, system: System) -> list[Claim]:
    """Return everything that a page's code blocks name, each thing once, by line."""
    found: dict[tuple[str, str], Claim] = {}
    listed = [claim for each in commands(page) for claim in claimed(each, system)]
    listed += [claim for each in snippets(page) for claim in imported(each.line, each.text)]
    for claim in sorted(listed):
        found.setdefault((claim.kind, claim.name), claim)
    return sorted(found.values())


def claimed(each: ShellCommand, system: System) -> Iterator[Claim]:
    """Yield what one command names."""
    end = system.about.suffix
    for path in each.writes:
        yield from at(each.line, path, "folder", end)
    if not each.bare or not NAME.fullmatch(each.bare[0]):
        return
    name = each.bare[0]
    if name not in BUILTINS and "/" not in name:
        yield Claim(each.line, "command", name)
    yield from at(each.line, name, "script", end)
    if each.program in {"python", "python3", "bash", "sh"}:
        first = next(iter(each.bare[1:]), "-")
        yield from (
            []
            if first.startswith("-") or WRITTEN.search(first)
            else [Claim(each.line, "script", first)]
        )
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


def paths(each: ShellCommand, end: str) -> Iterator[Claim]:
    """Yield the paths among a command's arguments."""
    words = list(each.arguments)
    if each.program == "git":
        words = list(each.bare[each.bare.index("--") + 1 :]) if "--" in each.bare else []
    if each.program == "find":
        words = words[:1]
    for number, word in enumerate(words):
        last = each.program in PLACED and number == len(words) - 1
        yield from at(each.line, word, "folder" if last or each.program in MADE else "path", end)


def units(each: ShellCommand) -> Iterator[Claim]:
    """Yield the units that a systemctl names; patterns are traps."""
    for word in each.arguments[1:]:
        if not GLOB.search(word) and not WRITTEN.search(word):
            yield Claim(each.line, "unit", word.removesuffix(".service"))


def addresses(each: ShellCommand) -> Iterator[Claim]:
    """Yield the URLs that a curl asks, each with its method; without who logs in there."""
    words, method = list(each.bare[1:]), "GET"
    for flag, value in itertools.pairwise(words):
        method = "POST" if flag in WITH_DATA and method == "GET" else method
        method = value if flag in {"-X", "--request"} else method
    for before, word in itertools.pairwise(["", *words]):
        if re.match(r"https?://", word) and before not in TAKES and "$" not in word:
            if broken(word):
                yield Claim(each.line, "url", f"{method} {word}")
                continue
            place = urlsplit(word)
            clean = place._replace(netloc=place.netloc.rpartition("@")[2])
            yield Claim(each.line, "url", f"{method} {clean.geturl()}")


def broken(url: str) -> str:
    """Return why nothing can be asked at a URL; "" where it can."""
    try:
        place = urlsplit(url)
        _ = place.port
    except ValueError as error:
        return str(error)
    return "" if place.hostname else "it has no host"


def imported(line: int, text: str) -> Iterator[Claim]:
    """Yield what Python imports beside the standard library, as `module` or `module:name`."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
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
