"""Units stopped, started and reloaded under the lock, each written down in the run's journal."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..errors import HostError
from ..observe.logs import offsets
from ..observe.probes import sample
from ..state.lock import noted
from . import units


def stop(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `units.stop`: see `units.stop`."""
    with noted(question, "stop", unit=question["unit"]):
        return units.stop(question)


def start(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `units.start`: see `units.start`."""
    with noted(question, "start", unit=question["unit"]):
        return units.start(question)


def reload(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `units.reload`: see `units.reload`."""
    with noted(question, "reload"):
        return units.reload(question)


PAUSE = 0.1
RESTARTS = 3
"""New processes of one unit after which it is not going to become healthy."""

CONCURRENT = 8


def look(question: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return how each asked unit is, how long it has been up, and what its probe has against it.

    Each of `units` has a `unit`, its `ports` and a `probe`, which is asked only while it is active.
    """
    states = units.look(question)
    asked = [entry for entry in question["units"] if states[entry["unit"]]["state"] == "active"]
    with ThreadPoolExecutor(CONCURRENT) as pool:
        said = dict(zip((e["unit"] for e in asked), pool.map(problem, (e["probe"] for e in asked))))
    now = time.time()
    return {
        unit: {
            **state,
            "uptime": now - state["since"] if state["since"] else 0.0,
            "problem": said[unit] if unit in said else f"the unit is {state['state']}",
        }
        for unit, state in states.items()
    }


def problem(probe: dict[str, Any]) -> str | None:
    """Return what is wrong with one answer of a probe, None when nothing is."""
    answered = sample.ask({"probe": probe, "samples": 1})
    wrong = answered["problem"]
    return None if wrong is None and answered["answered"] else wrong or "no answer"


def start_healthy(question: dict[str, Any]) -> dict[str, Any]:
    """Start a unit, wait until its probe is answered as it should be, and see it settle.

    Returns:
        the seconds until it was active (`active`) and healthy (`healthy`), and all (`seconds`).

    Raises:
        HostError: it does not come up, in the manager's words and with the probe's last answer.
    """
    with noted(question, "start", unit=question["unit"]):
        started = time.monotonic()
        _marked(question)
        units.start(question)
        active = time.monotonic() - started
        state = _until_healthy(question, started + question["timeout"])
        healthy = time.monotonic() - started
        _settled(question, state)
        return {"active": active, "healthy": healthy, "seconds": time.monotonic() - started}


def _marked(question: dict[str, Any]) -> None:
    """Keep where the log of a unit that is down ends: all above is of before its start."""
    state = units.one(units.of(question), question)
    if question.get("state") and state["state"] in units.DOWN and not state["pid"]:
        log = question.get("log") or ""
        offsets.keep(question["state"], log, offsets.taken(log))


def _until_healthy(question: dict[str, Any], until: float) -> dict[str, Any]:
    """Return how the unit is once it is healthy; give it up when there is no hope any more."""
    pids: set[int] = set()
    manager, said = units.of(question), "it was not asked"
    while True:
        state = units.one(manager, question)
        pids.update({state["pid"]} - {0})
        if state["state"] == "active":
            wrong = problem(question["probe"])
            if wrong is None:
                return state
            said = wrong
        hopeless = state["_hopeless"] or len(pids) > RESTARTS
        if hopeless or time.monotonic() > until:
            raise _failed(question, "does not become healthy", said)
        time.sleep(PAUSE)


def _settled(question: dict[str, Any], before: dict[str, Any]) -> None:
    """Watch a healthy unit for a while: same process, no restart, and healthy at the end."""
    until = time.monotonic() + question["settle"]
    while time.monotonic() < until:
        state = units.one(units.of(question), question)
        same = (state["pid"], state["restarts"]) == (before["pid"], before["restarts"])
        if state["state"] != "active" or not same:
            raise _failed(question, f"did not stay up for {question['settle']:g} s", "it was right")
        time.sleep(min(PAUSE, max(0.0, until - time.monotonic())))
    wrong = problem(question["probe"])
    if wrong:
        raise _failed(question, f"was not healthy after {question['settle']:g} s", wrong)


def _failed(question: dict[str, Any], what: str, said: str) -> HostError:
    """Return why a unit is not up: the manager's words, the probe's last answer, where to look."""
    words, hint = units.of(question).why(question, question["unit"])
    log = question.get("log") or "journal"
    hint = f"tail -n 50 {log}" if log.startswith("/") else hint
    text = f"{question['unit']} {what}: {words}\nits probe, last: {said}"
    return HostError(text, hint, "unfinished")
