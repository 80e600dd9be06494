"""systemd, asked through systemctl: machine-readable properties, never a status text."""

from __future__ import annotations

import time
from typing import Any, Sequence

from ..errors import HostError
from ..system.command import CommandResult, run

PROPERTIES = (
    "Id,LoadState,LoadError,ActiveState,SubState,UnitFileState,NRestarts,MainPID,"
    "ExecMainStartTimestampMonotonic,NeedDaemonReload,Result,TasksCurrent,Job"
)
ACTIVE = {
    "active": "active",
    "reloading": "active",
    "refreshing": "active",
    "inactive": "inactive",
    "maintenance": "inactive",
    "failed": "failed",
    "activating": "starting",
    "deactivating": "stopping",
}
ONE_CALL = 3.0
"""Seconds that one systemctl may take; each of them only asks or queues."""


def states(_question: dict[str, Any], units: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return how each unit is, with one call for all of them."""
    outcome = systemctl("show", f"--property={PROPERTIES}", "--", *units)
    blocks = [properties(block) for block in outcome.out.strip("\n").split("\n\n")]
    if len(blocks) != len(units):
        raise HostError(
            f"systemctl told about {len(blocks)} units, {len(units)} were asked for",
            f"systemctl show {' '.join(units)}",
            "unreachable",
        )
    return {unit: state(block) for unit, block in zip(units, blocks)}


def properties(block: str) -> dict[str, str]:
    """Return the properties of one unit."""
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, _, value in pairs}


def state(found: dict[str, str]) -> dict[str, Any]:
    """Return one unit's properties in our words; those with `_` stay on this host."""
    load, sub = found.get("LoadState", ""), found.get("SubState", "")
    now = "backoff" if sub == "auto-restart" else ACTIVE.get(found.get("ActiveState", ""), "failed")
    pid = number(found.get("MainPID"))
    return {
        "known": load not in ("not-found", ""),
        "state": now,
        "sub": sub,
        "masked": load == "masked" or found.get("UnitFileState", "").startswith("masked"),
        "restarts": number(found.get("NRestarts")),
        "pid": pid,
        "since": epoch(found.get("ExecMainStartTimestampMonotonic")) if pid else None,
        "needs_reload": found.get("NeedDaemonReload") == "yes",
        "detail": detail(load, found),
        "_tasks": number(found.get("TasksCurrent")),
        "_hopeless": now == "failed" or (now == "inactive" and found.get("Job") in ("0", "")),
    }


def detail(load: str, found: dict[str, str]) -> str:
    """Return what else systemd says: why a unit file does not load, or how the unit failed."""
    if load not in ("loaded", "masked"):
        return f"{load or 'no answer'} {found.get('LoadError', '')}".strip()
    result = found.get("Result", "")
    return "" if result == "success" else result


def number(value: str | None) -> int:
    """Return a count; zero for '[not set]' and for the largest number, which says the same."""
    found = int(value) if value and value.isdigit() else 0
    return found if found < 1 << 32 else 0


def epoch(microseconds: str | None) -> float | None:
    """Return when something happened, from the monotonic clock: it needs no time zone."""
    if not microseconds or not microseconds.isdigit() or microseconds == "0":
        return None
    ago = time.clock_gettime(time.CLOCK_MONOTONIC) - int(microseconds) / 1e6
    return time.time() - ago


def remains(now: dict[str, Any], _before: dict[str, Any]) -> bool:
    """Tell whether processes of a unit that is called down are left in its control group."""
    return bool(now["_tasks"] or now["pid"])


def ask_stop(_question: dict[str, Any], unit: str) -> None:
    """Queue the stop of a unit; a call that hangs is left alone, the unit's deadline decides."""
    told(call("stop", "--no-block", "--", unit), "stop", late=True)


def kill(_question: dict[str, Any], unit: str, _before: dict[str, Any]) -> None:
    """Send SIGKILL to every process of a unit; one that has none left is fine."""
    call("kill", "--signal=KILL", "--", unit)


def ask_start(_question: dict[str, Any], unit: str, _before: dict[str, Any]) -> None:
    """Queue the start of a unit, past earlier failures; starts of a unit that is down count too."""
    call("reset-failed", "--", unit)
    systemctl("start", "--no-block", "--", unit)


def reload(_question: dict[str, Any]) -> dict[str, Any]:
    """Read the unit files again."""
    systemctl("daemon-reload", timeout=30.0)
    return {}


def why(_question: dict[str, Any], unit: str) -> tuple[str, str]:
    """Return systemd's words about a unit that does not start, and where to read more."""
    told = call("status", "--no-pager", "--full", "--lines=10", "--", unit)
    words = told.out.strip() or told.words
    return words[-1500:], f"journalctl -u {unit} -n 50 --no-pager"


def systemctl(*argv: str, timeout: float = ONE_CALL) -> CommandResult:
    """Run systemctl.

    Raises:
        HostError: it failed, is missing, or does not answer.
    """
    return told(call(*argv, timeout=timeout), *argv)


def told(outcome: CommandResult, *argv: str, late: bool = False) -> CommandResult:
    """Return how a systemctl ended, if that was well; `late` is well, too, where it may be.

    Raises:
        HostError: it was not.
    """
    if (late and outcome.timed_out) or (outcome.code == 0 and not outcome.timed_out):
        return outcome
    words = f"no answer in {int(outcome.seconds)} s" if outcome.timed_out else outcome.words
    raise HostError(
        f"systemctl {argv[0]} failed: {words}",
        f"systemctl {' '.join(argv)}",
        "unreachable" if argv[0] == "show" else "unfinished",
    )


def call(*argv: str, timeout: float = ONE_CALL) -> CommandResult:
    """Run systemctl and return how it ended, whatever that is."""
    return run(["systemctl", *argv], timeout)
