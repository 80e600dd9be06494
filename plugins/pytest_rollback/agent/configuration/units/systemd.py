"""A unit of systemd as its files define it: its own file, then its drop-ins, in order."""

from __future__ import annotations

import re
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

from .definition import EnvironmentFile, UnitCommand, UnitDefinition
from .specifiers import expanded
from .systemd_syntax import Assignment, Unbalanced, assignments, words

PREFIXES = "@-:+!|"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TRUE = ("1", "yes", "y", "true", "t", "on")

STARTS = ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost")
COMMANDS = (*STARTS, "ExecReload", "ExecStop", "ExecStopPost")
GAPS = {
    "PAMName": "variables that PAM sets",
    "LoadCredential": "credentials",
    "LoadCredentialEncrypted": "credentials",
    "SetCredential": "credentials",
    "SetCredentialEncrypted": "credentials",
    "RootDirectory": "another root directory",
    "RootImage": "another root directory",
    "DynamicUser": "a user that exists only while the unit runs",
}
"""Keys that decide about what no reader of unit files can know."""


class UnitFile(NamedTuple):
    """One file of a unit: where it is installed, and its text."""

    path: str
    text: str


class UnitReading:
    """What was read of a unit so far."""

    def __init__(self, unit: str, file: str) -> None:
        self.unit, self.file = unit, file
        self.commands: Dict[str, List[UnitCommand]] = {}
        self.environment: Dict[str, str] = {}
        self.files: List[EnvironmentFile] = []
        self.lists: Dict[str, List[str]] = {}
        self.single: Dict[str, str] = {}
        self.faults: List[str] = []
        self.warnings: List[str] = []

    def resolved(self, text: str) -> str:
        """Return a text with its specifiers resolved."""
        return expanded(text, self.unit, self.file)

    def words(self, value: str) -> List[str]:
        """Return the words of a value, specifiers resolved."""
        return [self.resolved(word) for word in words(value)]

    def take(self, each: Assignment) -> None:
        """Read one assignment of [Service]; an empty one takes back those before."""
        if each.key in COMMANDS:
            self.command(each.key, each.value)
        elif each.key in TAKEN:
            TAKEN[each.key](self, each.value)
        elif each.key in LISTS:
            listed = self.lists.setdefault(each.key, [])
            listed[:] = [*listed, *self.words(each.value)] if each.value else []
        else:
            self.single[each.key] = each.value

    def command(self, key: str, value: str) -> None:
        """Read a line of commands; a lone ";" separates two of them."""
        if not value:
            self.commands[key] = []
            return
        group: List[str] = []
        for word in [*words(value), ";"]:
            if word == ";" and group:
                self.commands.setdefault(key, []).append(self.one(key, group))
                group = []
            elif word != ";":
                group.append(";" if word == "\\;" else word)

    def one(self, key: str, listed: Sequence[str]) -> UnitCommand:
        """Return one command: prefixes before its program are not part of it."""
        first = listed[0].lstrip(PREFIXES)
        marks = listed[0][: len(listed[0]) - len(first)]
        rest = listed[2:] if "@" in marks else listed[1:]
        argv = tuple(self.resolved(word) for word in (first, *rest))
        if "/" in argv[0] and not argv[0].startswith("/") and "-" not in marks:
            self.faults.append(f"{key}: its program is no absolute path")
        return UnitCommand(key, argv, "-" in marks, not set("+!").isdisjoint(marks))

    def variables(self, value: str) -> None:
        """Read `Environment=`: what is no assignment is ignored."""
        if not value:
            self.environment.clear()
        for word in self.words(value):
            name, mark, text = word.partition("=")
            if mark and NAME.fullmatch(name):
                self.environment[name] = text
            else:
                self.warnings.append("Environment: an assignment that is none is ignored")

    def environment_file(self, value: str) -> None:
        """Read `EnvironmentFile=`: one that is not absolute is ignored."""
        if not value:
            self.files.clear()
            return
        path = self.resolved(value.lstrip("-") if value.startswith("-") else value)
        if path.startswith("/"):
            self.files.append(EnvironmentFile(path, optional=value.startswith("-")))
        else:
            self.warnings.append("EnvironmentFile: a path that is not absolute is ignored")


TAKEN: Dict[str, Callable[[UnitReading, str], None]] = {
    "Environment": UnitReading.variables,
    "EnvironmentFile": UnitReading.environment_file,
}
LISTS = ("PassEnvironment", "UnsetEnvironment", "SupplementaryGroups", "SuccessAction")


def defined(unit: str, files: Sequence[UnitFile]) -> UnitDefinition:
    """Return what the files of a service say together.

    Args:
        unit: its whole name, such as `web@1.service`.
        files: its own file, then its drop-ins, in the order in which systemd reads them.
    """
    reading = UnitReading(unit, files[0].path if files else "")
    for file in files:
        for each in assignments(file.text):
            where = f"{file.path}, line {each.line}"
            if each.fault:
                reading.faults.append(f"{where}: {each.fault}")
            elif each.warning:
                reading.warnings.append(f"{where}: {each.warning}")
            elif each.section == "Service" and each.key:
                try:
                    reading.take(each)
                except Unbalanced as error:
                    target = reading.faults if each.key in STARTS else reading.warnings
                    target.append(f"{where}: {each.key}: {error}")
    return finished(reading, tuple(file.path for file in files))


def finished(reading: UnitReading, files: Tuple[str, ...]) -> UnitDefinition:
    """Return the definition that was read."""
    single, faults = reading.single, list(reading.faults)
    commands = tuple(each for key in COMMANDS for each in reading.commands.get(key, ()))
    if single.get("AmbientCapabilities"):
        commands = tuple(each._replace(privileged=True) for each in commands)
    kind = single.get("Type", "") or ("dbus" if single.get("BusName") else "simple")
    if reading.unit.endswith(".service"):
        faults += refused(reading, kind)
    directory, optional, home = placed(reading)
    if directory and not directory.startswith("/"):
        faults.append("WorkingDirectory: is not absolute")
    return UnitDefinition(
        unit=reading.unit,
        files=files,
        commands=commands,
        user=reading.resolved(single.get("User", "")),
        group=reading.resolved(single.get("Group", "")),
        groups=tuple(reading.lists.get("SupplementaryGroups", ())),
        directory=directory,
        directory_optional=optional,
        home=home,
        environment=dict(reading.environment),
        environment_files=tuple(reading.files),
        passed=tuple(reading.lists.get("PassEnvironment", ())),
        unset=tuple(reading.lists.get("UnsetEnvironment", ())),
        log=logged(reading, "StandardOutput"),
        error_log="" if inherits(reading) else logged(reading, "StandardError"),
        kind=kind,
        gaps=gaps(single),
        faults=tuple(faults),
        warnings=tuple(reading.warnings),
    )


def refused(reading: UnitReading, kind: str) -> List[str]:
    """Return why systemd refuses a service for what it starts."""
    starts = len(reading.commands.get("ExecStart", ()))
    stops = bool(reading.commands.get("ExecStop")) or bool(reading.lists.get("SuccessAction"))
    stays = reading.single.get("RemainAfterExit", "").lower() in TRUE
    if not starts and not stops:
        return ["[Service] has no ExecStart"]
    if not starts and not stays:
        return ["[Service] has no ExecStart, and no RemainAfterExit=yes"]
    if starts > 1 and kind != "oneshot":
        return ["[Service] has more than one ExecStart, and is no Type=oneshot"]
    return []


def placed(reading: UnitReading) -> Tuple[str, bool, bool]:
    """Return the working directory, whether it may be missing, and whether it is the home."""
    value = reading.single.get("WorkingDirectory", "")
    path = value[1:] if value.startswith("-") else value
    if path == "~":
        return "", value.startswith("-"), True
    return reading.resolved(path), value.startswith("-"), False


def inherits(reading: UnitReading) -> bool:
    """Return whether standard error goes where output goes, as it does by default."""
    return reading.single.get("StandardError", "") in ("", "inherit")


def logged(reading: UnitReading, key: str) -> str:
    """Return where standard output, or error, goes: the journal, a file, "" for neither."""
    kind, _, path = reading.single.get(key, "").partition(":")
    if kind in ("file", "append", "truncate"):
        return reading.resolved(path)
    return "journal" if kind.partition("+")[0] in ("", "journal", "kmsg", "inherit") else ""


def gaps(single: Dict[str, str]) -> Tuple[str, ...]:
    """Return what the files cannot tell, by the keys that say so."""
    set_ = [key for key in GAPS if single.get(key)]
    return tuple(
        f"{key}: {GAPS[key]}" for key in set_ if key != "DynamicUser" or single[key].lower() in TRUE
    )
