"""What is wrong with one unit file: what keeps a unit from being started, and what is ignored."""

from __future__ import annotations

import configparser
import os
from typing import Iterator, NamedTuple, Tuple

from . import supervisord, systemd
from .definition import KINDS
from .systemd_syntax import assignments

SERVICES = (".service",)
OTHERS = (
    "supervis",
    "unix_http_server",
    "inet_http_server",
    "rpcinterface:",
    "ctlplugin:",
    "group:",
)
"""How sections of supervisord begin that start no program, and may be included as well."""

KNOWN = (*supervisord.KINDS, *OTHERS)


class UnitFaults(NamedTuple):
    """Why a manager refuses a file, "" where it does not, and what it ignores in it."""

    problem: str = ""
    warnings: Tuple[str, ...] = ()


def faults(name: str, text: str, unit: str, manager: str) -> UnitFaults:
    """Return what is wrong with a file in the directory of unit files.

    Args:
        name: the file's own name.
        text: its content.
        unit: the unit that it starts, "" for any.
        manager: the service manager that reads it; "" where the name tells.
    """
    if name.endswith((*KINDS, ".socket", ".automount", ".swap", ".device")):
        return of_systemd(name, text)
    if manager != "systemd" and (name.endswith((".conf", ".ini")) or not manager):
        return UnitFaults(of_supervisord(text, unit))
    if name.endswith(".conf"):
        return of_drop_in(text)
    return UnitFaults()  # no manager reads it


def of_systemd(name: str, text: str) -> UnitFaults:
    """Return what systemd has against a unit's own file."""
    if name.endswith(SERVICES):
        sections = {each.section for each in assignments(text)}
        found = systemd.defined(name, [systemd.UnitFile(name, text)])
        problems = [each.replace(f"{name}, ", "") for each in found.faults]
        if "Service" not in sections and not any("line" in each for each in problems):
            problems = ["has no [Service]"]
        warnings = tuple(each.replace(f"{name}, ", "") for each in found.warnings)
        return UnitFaults(problems[0] if problems else "", warnings)
    return of_drop_in(text)


def of_drop_in(text: str) -> UnitFaults:
    """Return what systemd has against a file that starts nothing by itself."""
    found = list(assignments(text))
    problem = next((f"line {each.line}: {each.fault}" for each in found if each.fault), "")
    ignored = (f"line {each.line}: {each.warning}" for each in found if each.warning)
    return UnitFaults(problem, tuple(ignored))


def of_supervisord(text: str, unit: str) -> str:
    """Return what supervisord has against a file of programs, "" for nothing."""
    parser = supervisord.parser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        return supervisord.fault(error)
    group, _, process = unit.partition(":")
    wanted = (f"program:{group}", f"program:{process}", f"group:{group}")
    found = sorted(parser.sections())
    if not any(each in wanted if unit else each.startswith(KNOWN) for each in found):
        return f"has no [program:{group if unit else 'x'}]"
    for section in found:
        for fault in of_section(parser, section):
            return f"[{section}] {fault}"
    return ""


def of_section(parser: configparser.RawConfigParser, section: str) -> Iterator[str]:
    """Yield what is wrong with one program, or with what all of them have."""
    if not section.startswith((*supervisord.KINDS, "supervisord")):
        return
    if section != "supervisord" and not parser.get(section, "command", fallback=""):
        yield "has no command"
        return
    text = parser.get(section, "environment", fallback="") or ""
    known = Anything()
    try:
        supervisord.pairs(supervisord.percent(text, known, "environment"), "environment")
    except supervisord.NotTaken as error:
        yield str(error)


class Anything(dict):  # type: ignore[type-arg]
    """Stands for all that an option may name: what it is says only the host."""

    def __missing__(self, key: str) -> int:
        """Return a number, which every format takes."""
        return 0


def unit_of(path: str, units: Tuple[str, ...]) -> str:
    """Return the unit that a unit file is called like, "" where it is none of the system's."""
    stem = os.path.splitext(os.path.basename(path))[0]
    return next((unit for unit in units if stem in (unit, unit.partition(":")[0])), "")
