"""Unit files of systemd and program sections of supervisord: do they say what to start?"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from typing import Iterator, NamedTuple, Sequence

from ..files import read
from ..system.command import run

RUNNING = "/run/systemd/system"
"""The directory that exists while systemd runs."""

SAID = re.compile(r"(?:.*/)?([^/:\s]+\.\w+):(?:(\d+):)? (.*)")
"""A line of `systemd-analyze verify`: file, line, words."""

OTHERS = frozenset(("Socket", "Timer", "Path", "Target", "Mount"))
"""Sections of units that start nothing themselves."""


class Setting(NamedTuple):
    """One `key = value` of a section, or the section's own line, which has no key."""

    line: int
    section: str
    key: str = ""
    value: str = ""
    problem: str = ""


def problem(text: str, unit: str) -> str | None:
    """Return what keeps a unit from being started from this file, None when nothing does."""
    found = list(settings(text))
    wrong = next((one for one in found if one.problem), None)
    if wrong:
        return f"line {wrong.line}: {wrong.problem}"
    sections = {setting.section for setting in found}
    programs = sorted(section for section in sections if section.startswith("program:"))
    if programs:
        return lacking(found, f"program:{unit}" if unit else programs[0], "command")
    if sections & OTHERS and "Service" not in sections:
        return None
    return lacking(found, "Service", "ExecStart")


def lacking(found: list[Setting], section: str, key: str) -> str | None:
    """Return which of section, key and value is not there."""
    inside = [setting for setting in found if setting.section == section]
    if not inside:
        return f"has no [{section}]"
    if any(setting.key == key and setting.value for setting in inside):
        return None
    return f"[{section}] has no {key}"


def settings(text: str) -> Iterator[Setting]:
    """Yield sections and settings in order; a backslash at its end joins a line with the next."""
    section, lines = "", enumerate(text.splitlines(), start=1)
    for number, raw in lines:
        line = raw.strip()
        if not line or line[0] in "#;" or (raw[0].isspace() and section):  # goes on from above
            continue
        while line.endswith("\\"):
            line = line[:-1] + next(lines, (0, ""))[1].strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            yield Setting(number, section)
        else:
            yield setting(number, section, line)


def setting(number: int, section: str, line: str) -> Setting:
    """Return one setting, or what is wrong with its line."""
    key, mark, value = line.partition("=")
    if not section:
        return Setting(number, section, problem="comes before any section")
    if not mark:
        return Setting(number, section, problem="is neither a section nor KEY=VALUE")
    return Setting(number, section, key.strip(), value.strip())


def verified(verifier: str, root: str, suffix: str, names: Sequence[str]) -> dict[str, str]:
    """Return what the manager's own program has against unit files; {} where it does not run."""
    if not names or not os.path.isdir(RUNNING) or not shutil.which(verifier):
        return {}
    return analysed(verifier, {name: whole(f"{root}/{name}", suffix) for name in names})


def whole(path: str, suffix: str) -> bytes:
    """Return the content of a backup, or of the file itself where there is none."""
    try:
        return read.whole(path + suffix, follow=False)
    except FileNotFoundError:
        return read.whole(path, follow=False)


def analysed(verifier: str, contents: dict[str, bytes]) -> dict[str, str]:
    """Return what a program such as `systemd-analyze` says of unit files with their right names."""
    with tempfile.TemporaryDirectory(prefix="rollback-units-") as place:
        known = {os.path.basename(name): name for name in contents}
        for name, content in contents.items():
            with open(os.path.join(place, os.path.basename(name)), "wb") as file:
                file.write(content)
        options = ["--man=no", "--recursive-errors=no"]
        files = [os.path.join(place, name) for name in known]
        outcome = run([verifier, "verify", *options, *files], 30.0)
    if outcome.code == 0 or outcome.missing or outcome.timed_out:
        return {}
    found: dict[str, str] = {}
    for said in filter(None, map(SAID.match, outcome.err.splitlines())):
        if said[1] in known:
            name, told = known[said[1]], words(said[2], said[3])
            found[name] = f"{found[name]}; {told}" if name in found else told
    return found


def words(line: str | None, text: str) -> str:
    """Return systemd's words without what it quotes from the file, which may be secret."""
    told = text if text.startswith("Command ") else text.partition(": ")[0]
    return f"line {line}: {told}" if line else told
