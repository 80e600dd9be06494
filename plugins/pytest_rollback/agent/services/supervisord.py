"""supervisord, asked over its unix socket."""

from __future__ import annotations

import contextlib
import signal
from typing import Any, Sequence
from xmlrpc.client import Fault

from ..errors import HostError
from ..system.command import signal_group
from ..system.processes import members
from .supervisor_rpc import call, refused

STATES = {
    0: "inactive",
    10: "starting",
    20: "active",
    30: "backoff",
    40: "stopping",
    100: "inactive",
    200: "failed",
    1000: "failed",
}
EXITED = 100
BAD_NAME, NOT_RUNNING, ALREADY_STARTED, SPAWN_ERROR = 10, 70, 60, 50
LAST_WORDS, LAST_LINES = 1000, 8
"""Bytes, and of these the lines, of a log that are told."""


def states(question: dict[str, Any], units: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return how each unit is; polling for one of them does not read the configuration again."""
    if len(units) == 1 and "unit" in question:
        return {units[0]: single(question, units[0])}
    pending = awaited(question, units)
    known = {name: info for info in call(question, "getAllProcessInfo") for name in names(info)}
    return {unit: state(known.get(unit), unit, pending) for unit in units}


def awaited(question: dict[str, Any], units: Sequence[str]) -> frozenset[str]:
    """Return the groups that need a reload; all of them while the configuration is refused.

    Those that start by themselves do not: they are taken over at their start, see `ask_start`.
    """
    try:
        pending = changes(question)
    except HostError as problem:
        if problem.kind == "unreachable":
            raise
        return frozenset(unit.partition(":")[0] for unit in units)
    return pending - eager(question, pending) if pending else pending


def eager(question: dict[str, Any], groups: frozenset[str]) -> frozenset[str]:
    """Return which of the groups would be started by being taken over."""
    found = call(question, "getAllConfigInfo")
    return frozenset(info["group"] for info in found if info["autostart"]) & groups


def single(question: dict[str, Any], unit: str) -> dict[str, Any]:
    """Return how one unit is."""
    try:
        info = call(question, "getProcessInfo", unit)
    except Fault as fault:
        if fault.faultCode != BAD_NAME:
            raise refused("getProcessInfo", unit, fault) from fault
        info = None
    return state(info, unit, frozenset())


def names(info: dict[str, Any]) -> tuple[str, ...]:
    """Return the names that supervisorctl takes for a process."""
    full = f"{info['group']}:{info['name']}"
    return (full, info["name"]) if info["group"] == info["name"] else (full,)


def changes(question: dict[str, Any]) -> frozenset[str]:
    """Return the groups whose configuration differs from the one in use; touches no process."""
    try:
        ((added, changed, removed),) = call(question, "reloadConfig")
    except Fault as fault:
        raise refused("reread", "", fault) from fault
    return frozenset((*added, *changed, *removed))


def state(info: dict[str, Any] | None, unit: str, pending: frozenset[str]) -> dict[str, Any]:
    """Return one process in our words. supervisord counts no restarts: pid and since tell."""
    waits = unit.partition(":")[0] in pending
    if info is None:
        where = "in its configuration, and not loaded" if waits else "not in its configuration"
        return {**NOBODY, "needs_reload": waits, "detail": where}
    now = STATES.get(info["state"], "failed")
    died = info["state"] == EXITED and info["exitstatus"] != 0
    return {
        **NOBODY,
        "known": True,
        "state": "failed" if died else now,
        "sub": info["statename"].lower(),
        "pid": info["pid"],
        "since": float(info["start"]) if info["pid"] else None,
        "needs_reload": waits,
        "detail": info["spawnerr"] or ("" if now == "active" else info["description"]),
        "_hopeless": now in ("failed", "inactive"),
    }


NOBODY: dict[str, Any] = {
    "known": False,
    "state": "inactive",
    "sub": "",
    "masked": False,
    "restarts": 0,
    "pid": 0,
    "since": None,
    "needs_reload": False,
    "detail": "",
    "_hopeless": False,
}


def remains(_now: dict[str, Any], before: dict[str, Any]) -> bool:
    """Tell whether children are left of a process that was stopped: it leads a group of its own."""
    return bool(before["pid"]) and bool(members(before["pid"]))


def ask_stop(question: dict[str, Any], unit: str) -> None:
    """Ask for the stop of a unit without waiting; one that does not run is fine."""
    told(question, "stopProcess", unit, NOT_RUNNING)


def ask_start(question: dict[str, Any], unit: str, _before: dict[str, Any]) -> None:
    """Ask for the start of a unit without waiting; one that runs is fine.

    So is one that died before this was answered: it is tried again, and how it is tells the rest.

    A group whose changed configuration would start it by itself is taken over now, at its turn.
    """
    group = unit.partition(":")[0]
    with contextlib.suppress(
        HostError, Fault
    ):  # a refused configuration does not keep the old one down
        if group in changes(question):
            take_over(question, group, loaded=True)
    told(question, "startProcess", unit, ALREADY_STARTED, SPAWN_ERROR)


def take_over(question: dict[str, Any], group: str, *, loaded: bool) -> None:
    """Have a group, which must be stopped, run by its configuration as it is read now."""
    if loaded:
        call(question, "removeProcessGroup", group)
    call(question, "addProcessGroup", group)


def told(question: dict[str, Any], verb: str, unit: str, *fine: int) -> None:
    """Ask for a change without waiting for it."""
    try:
        call(question, verb, unit, False)  # noqa: FBT003 - XML-RPC knows no keywords
    except Fault as fault:
        if fault.faultCode not in fine:
            raise refused(verb, unit, fault) from fault


def kill(question: dict[str, Any], unit: str, before: dict[str, Any]) -> None:
    """Send SIGKILL to the process group of a unit; through supervisord where it is not ours."""
    pid = call(question, "getProcessInfo", unit)["pid"] or before["pid"]
    if not pid or signal_group(pid, signal.SIGKILL):
        return
    try:
        call(question, "signalProcess", unit, "KILL")
    except Fault as fault:
        if fault.faultCode != NOT_RUNNING:
            raise refused("signal", unit, fault) from fault


def reload(question: dict[str, Any]) -> dict[str, Any]:
    """Read the configuration again and take over changed groups, which must be stopped.

    Returns:
        the groups `added`, `changed` and `removed`, and those `waiting`: taking them over would
        start them, so that is left to their start.

    Raises:
        HostError: a changed group still runs, or the configuration is refused.
    """
    try:
        ((added, changed, removed),) = call(question, "reloadConfig")
        refuse_running(question, {*changed, *removed})
        waiting = eager(question, frozenset((*added, *changed)))
        for group in removed:
            call(question, "removeProcessGroup", group)
        for group in (*added, *changed):
            if group not in waiting:
                take_over(question, group, loaded=group in changed)
    except Fault as fault:
        raise refused("reread and update", "", fault) from fault
    return {"added": added, "changed": changed, "removed": removed, "waiting": sorted(waiting)}


def refuse_running(question: dict[str, Any], groups: set[str]) -> None:
    """Refuse to take over groups that still run: that would stop them."""
    for info in call(question, "getAllProcessInfo"):
        if info["group"] in groups and info["pid"]:
            unit = info["group"]
            raise HostError(
                f"{unit} runs while its configuration changed",
                f"supervisorctl -s unix://{question['socket']} stop {unit}",
            )


def why(question: dict[str, Any], unit: str) -> tuple[str, str]:
    """Return supervisord's words about a unit that does not start, and where to read more."""
    state_ = single(question, unit)
    said = [f"{state_['sub']}: {state_['detail']}".strip(": ")]
    said += [tail(question, unit, stream) for stream in ("Stderr", "Stdout")]
    hint = f"supervisorctl -s unix://{question['socket']} tail {unit} stderr"
    return "\n".join(filter(None, said)), hint


def tail(question: dict[str, Any], unit: str, stream: str) -> str:
    """Return the last whole lines in one of a unit's logs; nothing where it keeps no such log."""
    try:
        text = str(call(question, f"readProcess{stream}Log", unit, -LAST_WORDS, 0))
    except Fault:
        return ""
    lines = text.splitlines()
    whole = lines[1:] if len(text) == LAST_WORDS else lines
    return "\n".join((whole or lines)[-LAST_LINES:]).strip()
