"""Who runs: the processes of a unit, those that hold its ports, and those that are of no unit."""

from __future__ import annotations

import datetime as dt

from pytest_rollback.agent.messages.services.running import Running, UnitProcesses
from pytest_rollback.errors import Refused
from pytest_rollback.manifest.model import Component
from pytest_rollback.text.quantities import count


def clock(at: float) -> str:
    """Return a time of the host for people, in UTC."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def stale(found: UnitProcesses) -> str:
    """Return which process began before a file of its unit was put back; "" where none did."""
    oldest, youngest = found.oldest, found.youngest
    if not (oldest and youngest and found.stale):
        return ""
    return (
        f"{oldest} began at {clock(oldest.began)}, "
        f"{youngest.path} was put back or changed at {clock(youngest.changed)}"
    )


def others(found: UnitProcesses) -> list[str]:
    """Return who else listens on ports of a unit, a line each."""
    return [f"port {port}: {each}" for port, by in found.ports.items() for each in by.others]


def refuse_survivors(found: Running, component: Component) -> None:
    """Refuse a unit whose stop leaves processes of it, which would go on with the failed release.

    Raises:
        Refused: there are some, for certain.
    """
    why = found.units[component.unit].outlives
    if why:
        raise Refused(
            f"{component.unit} is not handled: {why}",
            hint=f"let what {component.unit} starts end its children, or keep them in its group, "
            "without setsid; until then they are ended by hand after its stop",
        )


def refuse_elsewhere(found: Running, component: Component, root: str) -> None:
    """Refuse a unit that runs another tree than the one that a rollback changes.

    Raises:
        Refused: nothing that it runs is of the root, and recorded files lie where it runs.
    """
    place = found.units[component.unit].elsewhere
    if place:
        oldest = found.units[component.unit].oldest
        raise Refused(
            f"{component.unit} runs in {place}: nothing that it runs is below the root {root}, and "
            "a rollback would change nothing for it",
            findings=[str(oldest)] if oldest else [],
            hint=f"correct root of [system] in rollback.toml, or the unit file of {component.unit}",
        )


def refuse_other_release(found: Running, component: Component) -> None:
    """Refuse a unit that runs another release than the link names which a deploy switches.

    Raises:
        Refused: a process has something of one.
    """
    other = found.units[component.unit].other_release
    if other:
        raise Refused(
            f"{component.unit} runs another release than the one that is live",
            findings=[other],
            hint=f"restart {component.unit}; its unit file goes by the link, and not by the "
            "directory of one release",
        )


def answering(found: UnitProcesses) -> list[str]:
    """Return who else answers probes of a unit, a line each."""
    return [
        f"probe {name}: {each} answers"
        for name, by in found.answering.items()
        if not by.own
        for each in by.others
    ]


def hidden(found: UnitProcesses) -> list[str]:
    """Return the ports of a unit on which nobody listens that can be seen."""
    return [port for port, by in found.ports.items() if by.hidden]


def unanswered(found: UnitProcesses) -> list[str]:
    """Return the probes of a unit whose port nobody holds that can be seen."""
    return [name for name, by in found.answering.items() if by.hidden and not (by.own or by.others)]


def refuse_others(unit: str, found: Running) -> None:
    """Refuse a port of a unit that nobody listens on, or somebody else, or whom a probe asks.

    Raises:
        Refused: a port is closed, or another process holds it or answers a probe.
    """
    held = found.units[unit].ports
    closed = [port for port, by in held.items() if not (by.own or by.others or by.hidden)]
    if closed:
        raise Refused(
            f"{unit} does not listen on {', '.join(closed)}",
            hint=f"see the log of {unit}, and which process has the port: ss -ltnp",
        )
    strangers = others(found.units[unit])
    if strangers:
        pids = sorted({each.pid for by in held.values() for each in by.others})
        raise Refused(
            f"another process than those of {unit} listens on its port",
            findings=strangers,
            hint=f"see whose it is: ps -o pid,ppid,user,lstart,args -p {','.join(map(str, pids))}; "
            f"what is left of a failed release is ended by hand, then {unit} restarted",
        )
    answers = answering(found.units[unit])
    if answers:
        raise Refused(
            f"{count(len(answers), 'probe')} of {unit} would be answered by another process",
            findings=answers,
            hint=f"have them ask a port of {unit}, or of [edge], in rollback.toml; who has which: "
            "ss -ltnp",
        )


def beside(found: Running) -> list[str]:
    """Return which units a rollback would leave: a line for each."""
    same = [f"{unit}: {each.left}" for unit, each in found.units.items() if each.left]
    return [*same, *found.beside]


def refuse_strangers(root: str, found: Running) -> None:
    """Refuse processes of the system that belong to none of its units.

    Raises:
        Refused: there are some, or units are in use that no component names.
    """
    if more := beside(found):
        raise Refused(
            f"{count(len(more), 'unit')} of the system would be left by a rollback",
            findings=[*more, *(f"{each}: {each.why}" for each in found.strangers)],
            hint="name them in [[components]] of rollback.toml, or stop and disable them",
        )
    if found.strangers:
        pids = ",".join(str(each.pid) for each in found.strangers)
        raise Refused(
            f"{count(len(found.strangers), 'process', 'processes')} of {root} of no unit",
            findings=[f"{each}: {each.why}" for each in found.strangers],
            hint=f"see what they are: ps -o pid,ppid,user,lstart,args -p {pids}; a service gets a "
            "component in rollback.toml, what is left of a release is ended by hand",
        )
