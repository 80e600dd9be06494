"""Unit files of systemd and program sections of supervisord: do they say what to start?"""

from __future__ import annotations

from typing import Iterator, NamedTuple

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
