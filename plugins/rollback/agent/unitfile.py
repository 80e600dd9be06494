"""Unit files of systemd and program sections of supervisord: do they say what to start?"""

from __future__ import annotations

from typing import Iterator, NamedTuple


class Setting(NamedTuple):
    """One `key = value` of a section, with its line; no key means the section's own line."""

    line: int
    section: str
    key: str
    value: str


def problem(text: str, unit: str) -> str | None:
    """Return what keeps a unit from being started from this file, None when nothing does."""
    found: list[Setting] = []
    for setting in settings(text):
        if setting.section == "" or (setting.key and not setting.value and setting.key == "command"):
            return f"line {setting.line}: " + ("comes before any section" if not setting.section else "command is empty")
        found.append(setting)
    return missing(found, unit)


def missing(found: list[Setting], unit: str) -> str | None:
    """Return what the file lacks."""
    sections = {setting.section for setting in found}
    programs = sorted(section for section in sections if section.startswith("program:"))
    if programs:
        return missing_command(found, f"program:{unit}" if unit else programs[0])
    if "Unit" in sections and not sections & {"Service"}:
        return None if unit and not unit.endswith(".service") and "." in unit else "has no [Service]"
    if "Service" not in sections:
        return "has neither [Service] nor [program:...]"
    starts = [one for one in found if one.section == "Service" and one.key == "ExecStart"]
    return None if any(one.value for one in starts) else "[Service] has no ExecStart"


def missing_command(found: list[Setting], section: str) -> str | None:
    """Return what a program of supervisord lacks."""
    keys = {setting.key for setting in found if setting.section == section}
    if not keys:
        return f"has no [{section}]"
    return None if "command" in keys else f"[{section}] has no command"


def settings(text: str) -> Iterator[Setting]:
    """Yield sections and settings in order; a backslash at its end joins a line with the next."""
    section, lines = "", enumerate(text.splitlines(), start=1)
    for number, raw in lines:
        line = raw.strip()
        while line.endswith("\\"):
            line = line[:-1] + next(lines, (0, ""))[1].strip()
        if not line or line[0] in "#;" or raw[0].isspace():
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            yield Setting(number, section, "", "")
        else:
            key, mark, value = line.partition("=")
            yield Setting(number, section if mark else "", key.strip(), value.strip())
