"""What systemd says of the parts of a unit: its processes, its files, and what runs beside it."""

from __future__ import annotations

import calendar
import importlib
import re
from typing import Any, FrozenSet, Iterable, List, Mapping, Optional, Tuple

from ..files import lookup
from ..system.command_lines import command_below

PARTS = (
    "Id,ControlGroup,MainPID,ExecMainStartTimestamp,FragmentPath,SourcePath,DropInPaths,"
    "EnvironmentFiles,Type,RemainAfterExit,ActiveState,SubState,TriggeredBy"
)
COMMAND = "Id,ActiveState,WorkingDirectory,ExecStart"
ARGUMENTS = re.compile(r"\{ path=.*? ; argv\[\]=(.*?) ; ignore_errors=")
SERVICE = re.compile(r"/([^/]+\.service)(?:/|$)")
ENVIRONMENT = re.compile(r"^(.+) \(ignore_errors=\w+\)$", re.MULTILINE)
ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
CONTROL = "/systemd/system.control/"
"""Where `systemctl set-property` writes what it has changed already in the unit as it runs."""

GENERATED = "/run/systemd/generator"
"""How the directories begin into which generators write, as that of quadlets does."""

WRITTEN = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) UTC")


def files_of(found: Mapping[str, str]) -> List[str]:
    """Return the files that a unit was started by; a name with a blank is escaped.

    One that a generator writes anew at each reload is none: what it was made of is. Environment
    files stand on a line each, as the unit names them: with blanks, and as patterns.
    """
    fragment, source = found.get("FragmentPath", ""), found.get("SourcePath", "")
    names = [source] if source and fragment.startswith(GENERATED) else [fragment, source]
    drop_ins = found.get("DropInPaths", "").split()
    names += [name for name in drop_ins if CONTROL not in name]
    files = [ESCAPED.sub(lambda code: chr(int(code[1], 16)), name) for name in names if name]
    for pattern in ENVIRONMENT.findall(found.get("EnvironmentFiles", "")):
        files += lookup.matching(pattern) or [pattern]
    return files


def unhandled(found: Mapping[str, str], has_processes: bool) -> str:  # noqa: FBT001
    """Return why a rollback cannot stop, start or judge a unit; "" for one that it can."""
    kind, active = found.get("Type"), found.get("ActiveState") == "active"
    if kind == "oneshot" and found.get("RemainAfterExit") != "yes":
        return "it is a job (Type=oneshot) that ends: nothing shows whether it is up"
    if kind == "oneshot" and active and not has_processes:
        return "it is active (exited) without a process: what answers belongs to another unit"
    if kind == "forking" and active and not number(found.get("MainPID")):
        return "systemd does not know its main process (Type=forking without PIDFile=)"
    return ""


def sockets_of(found: Mapping[str, str]) -> List[str]:
    """Return the socket units that may listen for a unit; those that are disabled as well."""
    return [name for name in found.get("TriggeredBy", "").split() if name.endswith(".socket")]


def kept_open(found: Mapping[str, str], listening: FrozenSet[str]) -> str:
    """Return why the port of a unit stays open while it is down; "" where nobody listens for it."""
    names = [name for name in sockets_of(found) if name in listening]
    return f"{names[0]} listens for it and starts it: the port stays open" if names else ""


def instances(names: Iterable[str]) -> List[str]:
    """Return the patterns of all instances of the templates that whole names of units are of."""
    parts = (re.fullmatch(r"([^@]+@)[^.].*(\.\w+)", name) for name in names)
    found = (f"{each[1]}*{each[2]}" for each in parts if each)
    return [each.replace("\\", "\\\\") for each in dict.fromkeys(found)]  # as fnmatch takes it


def left(name: str, running: Iterable[str], units: Iterable[str]) -> str:
    """Return why stopping a unit leaves processes of its program: other instances that run.

    Args:
        name: the whole name of the unit.
        running: instances of templates that run.
        units: the whole names of all units of components.
    """
    mine, known = instances([name]), set(units)
    rest = [each for each in running if each not in known and instances([each]) == mine]
    return f"{', '.join(rest)} of the same template is no component's" if rest else ""


def control_group(pid: int) -> str:
    """Return the control group of a process as systemd names it; "" when it is gone or hidden."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="surrogateescape") as file:
            paths = {name: path for _, name, path in (line.split(":", 2) for line in file)}
    except OSError:
        return ""
    return (paths.get("name=systemd") or paths.get("", "")).rstrip("\n")


def service_of(path: str) -> str:
    """Return the service that a control group is of, "" for none; the innermost one."""
    found = SERVICE.findall(path)
    return found[-1] if found else ""


def run_below(found: Mapping[str, str], places: Tuple[str, ...]) -> str:
    """Return what of a root a service runs, or where it works there; "" for nothing."""
    directory = found.get("WorkingDirectory", "").lstrip("!-")
    for said in ARGUMENTS.findall(found.get("ExecStart", "")) or [""]:
        what = command_below(said.split(), directory, places)
        if what:
            return what
    return ""


def is_within(path: str, group: str) -> bool:
    """Return whether a control group is another one or below it."""
    return path == group or path.startswith(f"{group}/")


def written(text: str) -> float:
    """Return a time that systemctl wrote in UTC, such as `Sat 2026-11-28 21:15:48 UTC`; or 0."""
    found = WRITTEN.search(text)
    return float(calendar.timegm((*map(int, found.groups()), 0, 0, 0))) if found else 0.0


def number(value: Optional[str]) -> int:
    """Return a count; zero for '[not set]' and for the largest number, which says the same."""
    found = int(value) if value and value.isdigit() else 0
    return found if found < 1 << 32 else 0


def contained() -> Any:  # noqa: ANN401 - named and not imported
    """Return what looks into containers of units, None on a host that was not sent it."""
    try:
        return importlib.import_module(".compose.contained", __package__).ContainedUnits()
    except ImportError:
        return None
