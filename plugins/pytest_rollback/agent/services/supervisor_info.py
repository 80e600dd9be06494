"""What supervisord says of its processes, in the words of all managers; and its configuration."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..files import lookup, reach
from ..messages.services.units import UnitState
from ..system.command_lines import command_below
from .manager import UnitReport

STATES = {
    0: "inactive",
    10: "starting",
    20: "active",
    30: "backoff",
    40: "stopping",
    200: "failed",
    1000: "failed",
}
EXITED = 100
RESTARTED_WITHIN = 2
"""Seconds in which supervisord starts a program again that exited, if it does: it looks at each
once a second. What exited longer ago stays down."""

SECTION = re.compile(r"^\[program:([^\]]+)\]", re.MULTILINE)
LAST = "zz-rollback-guard"
"""supervisord reads its files by name, and the last one decides."""

NUMBER = re.compile(r"\d+")
SEVERAL = 2

ALL = ":*"
"""How a unit ends that is a group with all of its processes, as supervisorctl writes it."""

GROUP = re.compile(
    r"^\[group:([^\]]+)\][^\n]*(?:\n(?!\[)[^\n]*)*?\nprograms\s*[=:]([^\n]*(?:\n[ \t]+\S[^\n]*)*)",
    re.MULTILINE,
)
"""A section that groups programs, with their names."""


class ConfiguredProgram(NamedTuple):
    """A configured program: the name of its file, and the group that it is run in."""

    file: str
    group: str


Info = Dict[str, Any]
"""What supervisord says of one process, as XML-RPC has it."""


def names(info: Info) -> Tuple[str, ...]:
    """Return the names that supervisorctl takes for a process."""
    full = f"{info['group']}:{info['name']}"
    return (full, info["name"]) if info["group"] == info["name"] else (full,)


def named(unit: str, programs: Mapping[str, ConfiguredProgram]) -> List[str]:
    """Return the configured programs of which a unit may be a process, the likeliest first.

    All of a group's for the group, and for a process of it whose name is that of no program.
    """
    group, _, name = unit.partition(":")
    grouped = [each for each, program in programs.items() if program.group == group]
    return [name] if name in grouped or (name in programs and not grouped) else grouped


def members_of(unit: str, listed: Sequence[Info]) -> List[Info]:
    """Return the processes of a unit: one, or all of a group."""
    if unit.endswith(ALL):
        return [info for info in listed if info["group"] == unit[: -len(ALL)]]
    return [info for info in listed if unit in names(info)]


def run_below(told: Mapping[str, Any], places: Tuple[str, ...]) -> str:
    """Return what of a root a configured program runs, or where it works there; "" for nothing.

    An older supervisord tells neither command nor directory.
    """
    try:
        said = shlex.split(str(told.get("command", "")))
    except ValueError:
        said = str(told.get("command", "")).split()
    directory = str(told.get("directory", "none"))
    return command_below(said, "" if directory == "none" else directory, places)


def left(unit: str, listed: Sequence[Info], units: Sequence[str]) -> str:
    """Return why stopping a unit leaves processes of its program: others of numprocs, which run.

    Their names differ in the number only, and none of `units` has them.
    """
    if unit.endswith(ALL):
        return ""
    group, _, name = unit.partition(":")
    mine = {id(info) for each in units for info in members_of(each, listed)}
    rest = [
        info["name"]
        for info in listed
        if info["group"] == group
        and info["pid"]
        and id(info) not in mine
        and NUMBER.sub("", info["name"]) == NUMBER.sub("", name or unit)
    ]
    if not rest:
        return ""
    more = ", ".join(f"{group}:{other}" for other in rest)
    return f"{more} of the same program is no component's; the unit {group}{ALL} has all of it"


def reported(unit: str, listed: Sequence[Info], pending: FrozenSet[str]) -> UnitReport:
    """Return a unit in the words of all managers: one process, or a group.

    A group is active when all of it is, and down when all of it is.
    """
    found = members_of(unit, listed)
    if not unit.endswith(ALL) or len(found) < SEVERAL:
        lone = report(found[0] if found else None, unit, pending)
        group = [f"{unit}{ALL}" for info in listed if info["group"] == unit and not found]
        if not group:
            return lone
        detail = f"it is a group of {len(group)}, whose name is {group[0]}"
        return lone._replace(state=lone.state._replace(detail=detail))
    each = [report(info, unit, pending) for info in found]
    states = [one.state for one in each]
    wrong = [
        f"{info['name']} is {state.state}: {state.detail}"
        for info, state in zip(found, states)
        if state.state != "active"
    ]
    state = states[0]._replace(
        state=together([state.state for state in states]),
        sub=", ".join(sorted({state.sub for state in states})),
        pid=next((state.pid for state in states if state.pid), 0),
        since=max((state.since for state in states if state.since), default=None),
        detail="; ".join(wrong),
    )
    return UnitReport(
        state,
        hopeless=any(one.hopeless for one in each),
        pids=tuple(state.pid for state in states if state.pid),
    )


def together(states: Sequence[str]) -> str:
    """Return the state of a group: one that is partly up is neither up nor down."""
    found = set(states)
    if found <= {"inactive", "failed"}:
        return "failed" if "failed" in found else "inactive"
    if found == {"active"}:
        return "active"
    between = next((state for state in ("stopping", "backoff", "starting") if state in found), "")
    return between or ("backoff" if "failed" in found else "starting")


def ended(info: Info) -> str:
    """Return what an exited process is: it may be about to be started again, which a stop prevents.

    supervisord tells nobody whether it restarts a program, and refuses to stop one that exited.
    """
    if 0 <= info["now"] - info["stop"] <= RESTARTED_WITHIN:
        return "backoff"
    return "failed" if info["exitstatus"] else "inactive"


def report(info: Optional[Info], unit: str, pending: FrozenSet[str]) -> UnitReport:
    """Return one process in the words of all managers.

    supervisord counts no restarts: pid and since tell them.
    """
    waits = unit.partition(":")[0] in pending
    if info is None:
        where = "in its configuration, but not loaded" if waits else "not in its configuration"
        return UnitReport(
            UnitState(known=False, state="inactive", needs_reload=waits, detail=where)
        )
    now = ended(info) if info["state"] == EXITED else STATES.get(info["state"], "failed")
    state = UnitState(
        known=True,
        state=now,
        sub=info["statename"].lower(),
        pid=info["pid"],
        since=float(info["start"]) if info["pid"] else None,
        needs_reload=waits,
        detail=info["spawnerr"] or ("" if now == "active" else info["description"]),
    )
    pids = (state.pid,) if state.pid else ()
    return UnitReport(state, hopeless=now in ("failed", "inactive"), pids=pids)


def override(programs: Sequence[str]) -> str:
    """Return the text of a file that turns off the automatic start of programs."""
    head = (
        "; Written by rollback: a restore is unfinished, 'rollback status' shows how to resume.\n"
    )
    return head + "".join(f"[program:{name}]\nautostart=false\n" for name in sorted(programs))


def configured(directory: str) -> Dict[str, ConfiguredProgram]:
    """Return every program that is configured in a directory."""
    files: Dict[str, str] = {}
    groups: Dict[str, str] = {}
    for name in lookup.names(directory) if lookup.kind(directory) else ():
        with contextlib.suppress(OSError):
            text = reach.text(os.path.join(directory, name), follow=False)
            if not name.startswith((".", LAST)):
                files.update((each.strip(), name) for each in SECTION.findall(text))
                for group, programs in GROUP.findall(text):
                    groups.update((each.strip(), group.strip()) for each in programs.split(","))
    return {each: ConfiguredProgram(file, groups.get(each, each)) for each, file in files.items()}
