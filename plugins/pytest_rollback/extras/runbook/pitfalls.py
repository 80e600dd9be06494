"""Commands of a runbook that do not do what they seem to: known traps, and what to do instead."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pytest_rollback.agent.messages.location import is_below
from pytest_rollback.extras.runbook.shell import ShellCommand, commands, snippets
from pytest_rollback.manifest.model import System

QUIET = {"echo", "printf", "true", ":"}
"""Commands that turn the failure before them into success."""
CHANGING = {"start", "restart", "stop", "reload", "try-restart"}
GLOB = re.compile(r"[*?\[]")
SLOWER = re.compile(r"(?P<sign>[<>]) ?(?P<share>\d+)%", re.IGNORECASE)
SILENT = re.compile(r"no error logs? in (the )?(past|last) \d+ ?m", re.IGNORECASE)


class Pitfall(NamedTuple):
    """One of them: the line, what really happens there, and what to do instead."""

    line: int
    what: str
    instead: str

    @property
    def words(self) -> str:
        """The trap as one line."""
        return f"line {self.line}: {self.what}; instead: {self.instead}"


def traps(page: str, system: System) -> list[Pitfall]:
    """Return every known trap in a page, by line."""
    found = commands(page)
    listed = [trap for look in LOOKS for trap in look(found, system)]
    return sorted({*listed, *timed(page), *prose(page)})


def consumed(found: Sequence[ShellCommand], system: System) -> Iterator[Pitfall]:
    """Yield each find that moves every copy away."""
    end = system.about.suffix
    for number, each in enumerate(found):
        if each.program != "find" or end not in " ".join(each.words):
            continue
        if "-exec" in each.words and re.search(r"\bmv\b", " ".join(each.words)):
            later = [c.line for c in found[number:] if c.program == "cp" and copies(c, end)]
            lost = f", so the cp of line {', '.join(map(str, later))} fails" if later else ""
            yield Pitfall(
                each.line,
                f"this find moves every {end} away and overwrites the failed version{lost}",
                "rollback now restores one recorded set, can be resumed and undone",
            )
        following = found[number + 1] if number + 1 < len(found) else None
        if following and following.after == "|" and following.program == "wc":
            yield Pitfall(
                each.line,
                f"the count of {end} files is also 0 if nothing was ever saved",
                "rollback validate compares with the recorded set",
            )


def copies(command: ShellCommand, end: str) -> bool:
    """Return whether a command reads backups."""
    return any(word.endswith(end) for word in command.arguments[:-1])


def installed(found: Sequence[ShellCommand], system: System) -> Iterator[Pitfall]:
    """Yield each cp of backups into the directory of unit files."""
    end = system.about.suffix
    places = ("/etc/systemd/", "/lib/systemd/", "/usr/lib/systemd/", system.services.directory)
    for each in found:
        if each.program == "cp" and copies(each, end) and each.arguments[-1].startswith(places):
            names = [word for word in each.arguments[:-1] if GLOB.search(word)]
            if names or each.arguments[-1].endswith(("/", end)):
                yield Pitfall(
                    each.line,
                    f"installs files named {end}, which no service manager reads",
                    "rollback now installs each under its unit's name, then reloads",
                )


def swallowed(found: Sequence[ShellCommand], _system: System) -> Iterator[Pitfall]:
    """Yield each check whose failure ends with success."""
    for each, following in itertools.pairwise(found):
        checks = each.program in {"curl", "wget"} and following.after == "||"
        if checks and following.program in QUIET:
            yield Pitfall(
                each.line,
                f"'|| {following.program}' hides the exit code of the check; curl -f accepts a "
                "redirect and any body",
                "a probe with status, body and reject: rollback probes",
            )


def dumped(found: Sequence[ShellCommand], _system: System) -> Iterator[Pitfall]:
    """Yield each pg_restore of a plain dump."""
    for each in found:
        if each.program == "pg_restore" and any(w.endswith(".sql") for w in each.arguments):
            yield Pitfall(
                each.line,
                "pg_restore refuses plain dumps, and writes into the live database",
                "[database] return = 'restore': the right tool for the format, into a new database",
            )


def unproven(found: Sequence[ShellCommand], system: System) -> Iterator[Pitfall]:
    """Yield each maintenance page without a check that it is shown."""
    page = system.maintenance and system.maintenance.page
    for number, each in enumerate(found):
        for path in each.writes:
            if path != page and "maintenance" not in path.rpartition("/")[2]:
                continue
            rest = found[number:]
            asked = any(c.program in {"curl", "wget"} and c.block == each.block for c in rest)
            away = any(c.program in {"rm", "mv"} and path in c.arguments for c in rest)
            missing = [
                *(() if asked else ("checks that users get it",)),
                *(() if away else ("removes it afterwards",)),
            ]
            if missing:
                yield Pitfall(
                    each.line,
                    f"a maintenance page is written, but nothing {' or '.join(missing)}",
                    "[maintenance] and [edge]: the page is checked, and removed once healthy",
                )


def globbed(found: Sequence[ShellCommand], _system: System) -> Iterator[Pitfall]:
    """Yield each systemctl that changes units by a pattern."""
    for each in found:
        words = each.arguments
        if each.program == "systemctl" and words and words[0] in CHANGING:
            for word in filter(GLOB.search, words[1:]):
                yield Pitfall(
                    each.line,
                    f"{word} matches only loaded units, in no order",
                    "list the units in their order, as in rollback.toml",
                )


def earlier(found: Sequence[ShellCommand], _system: System) -> Iterator[Pitfall]:
    """Yield each checkout of the commit before HEAD."""
    for each in found:
        if each.program == "git" and any(re.match(r"HEAD[~^]", word) for word in each.arguments):
            yield Pitfall(
                each.line,
                "the commit before HEAD may not be the previous release",
                "[fallback] git: the commit in the record of the backup set",
            )


def defaults(found: Sequence[ShellCommand], _system: System) -> Iterator[Pitfall]:
    """Yield each cp of all defaults over the configuration."""
    for each in found:
        for word in each.arguments[:-1] if each.program == "cp" else ():
            if GLOB.search(word) and "default" in word:
                yield Pitfall(
                    each.line,
                    f"{word} also replaces valid configuration, and skips hidden files such as "
                    ".env",
                    "rollback drill --use-defaults replaces only broken files",
                )


def cached(found: Sequence[ShellCommand], _system: System) -> Iterator[Pitfall]:
    """Yield each find that deletes all bytecode."""
    for each in found:
        text = " ".join(each.words)
        bytecode = "__pycache__" in text or ".pyc" in text
        if each.program == "find" and bytecode and re.search(r"\brm\b|-delete\b", text):
            yield Pitfall(
                each.line,
                "deletes bytecode in use, and modules that have no source",
                "rollback imports --from-backup moves only stale bytecode",
            )


def remembered(found: Sequence[ShellCommand], system: System) -> Iterator[Pitfall]:
    """Yield each rm -rf of what the deploy added."""
    for each in found:
        flags = {word for word in each.bare[1:] if word.startswith("-")}
        if each.program != "rm" or not any("r" in flag and "f" in flag for flag in flags):
            continue
        for path in each.arguments:
            if not path.startswith("/") or is_below(path, system.about.places):
                yield Pitfall(
                    each.line,
                    f"removes only {path}; other files that the deploy added stay",
                    "rollback save --added=FILE records all of them",
                )


def timed(page: str) -> Iterator[Pitfall]:
    """Yield each measurement of one sample, and those that cannot fail."""
    instead = "probes and constructs with a limit, measured by rollback validate"
    for snippet in snippets(page):
        if "perf_counter" in snippet.text and not re.search(
            r"\bassert\b|\braise\b|exit\(", snippet.text
        ):
            yield Pitfall(snippet.line, "one sample is printed, and cannot fail", instead)
    for each in commands(page):
        if "time" in each.words[:2] and each.program == "curl":
            yield Pitfall(each.line, "one sample is printed, without a limit", instead)


def prose(page: str) -> Iterator[Pitfall]:
    """Yield what the rules between the commands leave open."""
    shares: dict[str, list[tuple[int, int]]] = {"<": [], ">": []}
    for number, line in enumerate(page.split("\n"), 1):
        if "degrad" in line.lower():
            for found in SLOWER.finditer(line):
                shares[found["sign"]].append((int(found["share"]), number))
        if SILENT.search(line):
            yield Pitfall(
                number,
                "the window still contains the incident, and an empty log counts as clean",
                "rollback validate: since the unit's start, by priority and text",
            )
    if shares["<"] and shares[">"] and max(shares["<"])[0] < min(shares[">"])[0]:
        (low, _), (high, line_number) = max(shares["<"]), min(shares[">"])
        yield Pitfall(
            line_number,
            f"a degradation of {low} to {high} % is undefined",
            "rollback triage decides by severity and impact",
        )


Look = Callable[[Sequence[ShellCommand], System], Iterator[Pitfall]]
LOOKS: tuple[Look, ...] = (
    consumed,
    installed,
    swallowed,
    dumped,
    unproven,
    globbed,
    earlier,
    defaults,
    cached,
    remembered,
)
