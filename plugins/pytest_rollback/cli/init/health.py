"""Which address of a unit says that it is healthy, and what its healthy answer has in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pytest_rollback.agent.messages.probes.sample import ProbeResult, ProbeSpec
from pytest_rollback.agent.messages.services.survey import Survey, SurveyedUnit
from pytest_rollback.cli.init import host
from pytest_rollback.cli.init.candidates import ports_of
from pytest_rollback.transport.connection import Connection

PATHS = ("/health", "/healthz", "/health/live", "/api/health", "/status", "/ping", "/")
"""Where systems usually say that they are healthy, the likeliest first."""

NOWHERE = "/rollback-init-asks-for-nothing"
"""What no system has: who answers this well answers everything."""

KEYS = ("status", "state", "health", "healthy", "ok", "alive", "up", "ready")
GOOD = frozenset(
    [
        "ok",
        "okay",
        "up",
        "healthy",
        "pass",
        "passing",
        "fine",
        "good",
        "alive",
        "ready",
        "running",
        "green",
        "live",
        "success",
        "available",
        "serving",
    ]
)
TITLE = re.compile(r"<title>([^<]{1,60})</title>", re.IGNORECASE)
LISTED = "^[0-9a-f]{12}"
"""What an engine prints of a container that runs."""

SHORT = 40
OK = 200
LIMITS = (("100ms", 25.0), ("250ms", 60.0), ("500ms", 125.0), ("1s", 250.0), ("2s", 500.0))
"""Limits of a probe, and the milliseconds that its slowest answer may have taken for them."""


class Health(NamedTuple):
    """What is asked of a component: a probe as `rollback.toml` writes it, and where it was seen.

    `keys` are pairs of a key of `[probes.NAME]` and a value, each with where it was seen. `asks`
    says what only people know, "" where nothing is open.
    """

    spec: ProbeSpec
    keys: tuple[tuple[str, object, str], ...]
    asks: str = ""


def found(
    connection: Connection, survey: Survey, units: Sequence[SurveyedUnit]
) -> dict[str, Health]:
    """Return what shows the health of each unit, by its name; who says little is asked again."""
    chosen = proposed(connection, survey, units, host.EACH)
    unclear = [u for u in units if chosen[u.name].asks and (ports_of(u) or u.sockets)]
    again = proposed(connection, survey, unclear, host.PATIENT) if unclear else {}
    chosen.update((name, each) for name, each in again.items() if says_more(each, chosen[name]))
    times = host.answers(
        connection, {name: each.spec for name, each in chosen.items()}, host.MEASURED
    )
    return {name: limited(each, times[name]) for name, each in chosen.items()}


def proposed(
    connection: Connection, survey: Survey, units: Sequence[SurveyedUnit], timeout: float
) -> dict[str, Health]:
    """Return what shows the health of each unit by one look at its usual addresses."""
    ports = sorted({port for unit in units for port in ports_of(unit)})
    first = host.answers(connection, host.urls(ports, ["/"], timeout), timeout=timeout)
    speaking = [port for port in ports if first[f"http://localhost:{port}/"].status is not None]
    more = host.urls(speaking, [*PATHS[:-1], NOWHERE], timeout)
    said = {**first, **host.answers(connection, more, timeout=timeout)}
    curl = next((path for path in survey.tools if path.endswith("/curl")), "")
    sockets = {each: _over(curl, each, timeout) for unit in units for each in unit.sockets if curl}
    asked = {key: spec for each in sockets.values() for key, spec in each.items()}
    said.update(host.answers(connection, asked, timeout=timeout))
    return {unit.name: _of(unit, said, asked) or _state(unit, survey) for unit in units}


def says_more(later: Health, earlier: Health) -> bool:
    """Return whether a second look found more: a body that tells, or an address at all."""
    return not later.asks or (earlier.spec.url is None and later.spec.url is not None)


def _over(curl: str, socket: str, timeout: float) -> dict[str, ProbeSpec]:
    """Return probes that ask a unix socket, by `socket path`."""
    words = (curl, "-sS", "--fail", "--max-time", "2", "--unix-socket", socket)
    return {
        f"{socket} {path}": ProbeSpec(command=(*words, f"http://localhost{path}"), timeout=timeout)
        for path in (*PATHS, NOWHERE)
    }


def _of(
    unit: SurveyedUnit, said: Mapping[str, ProbeResult], asked: Mapping[str, ProbeSpec]
) -> Health | None:
    """Return the address of a unit that says most, None where nothing listens."""
    places = [
        *(f"http://localhost:{port}" for port in ports_of(unit)),
        *(f"{s} " for s in unit.sockets),
    ]
    for only_clear in (True, False):
        for place in places:
            for path in paths(said, place):
                answer = said[f"{place}{path}"]
                body = pattern(answer.body)
                if body or not only_clear:
                    return _http(f"{place}{path}", answer, body, asked)
    return _tcp(unit)


def paths(said: Mapping[str, ProbeResult], place: str) -> list[str]:
    """Return the usual paths that are there; of one that answers everything, only `/`."""
    good = [path for path in PATHS if is_good(said.get(f"{place}{path}"))]
    nothing = said.get(f"{place}{NOWHERE}")
    if nothing is None or not is_good(nothing):
        return good
    return [each for each in good if said[f"{place}{each}"].body != nothing.body] or good[-1:]


def is_good(answer: ProbeResult | None) -> bool:
    """Return whether an answer is one of a healthy system: 200, or of a command that succeeded."""
    return answer is not None and answer.problem is None and answer.status in (OK, 0)


def pattern(body: str) -> str:
    """Return what tells a healthy answer from another one, "" where nothing does.

    Only words that mean *good* are taken: nothing of an answer that might be a secret.
    """
    try:
        document = json.loads(body)
    except ValueError:
        return _of_text(body)
    for key in KEYS if isinstance(document, dict) else ():
        value = document.get(key)
        if value is True:
            return f'"{key}": ?true'
        if isinstance(value, str) and value.lower() in GOOD:
            return f'"{key}": ?"{value}"'
    return ""


def _of_text(body: str) -> str:
    """Return the same of what is no JSON: a short good word, the beginning of JSON, or a title."""
    word = body.strip()
    if len(word) < SHORT and (word.lower() in GOOD or word.lower() == "pong"):
        return f"^{word}"
    for key in KEYS:  # an answer is cut after some hundred characters
        match = re.match(rf'\s*\{{.{{0,200}}?"{key}": ?"(\w+)"', body, re.DOTALL)
        if match and match[1].lower() in GOOD:
            return f'"{key}": ?"{match[1]}"'
    title = TITLE.search(body)
    return f"<title>{re.escape(title[1])}" if title and title[1].isprintable() else ""


def _http(address: str, answer: ProbeResult, body: str, asked: Mapping[str, ProbeSpec]) -> Health:
    """Return the probe of an address that answered."""
    command = asked[address].command if address in asked else None
    seen = f"answered {answer.status} now" if command is None else "it succeeded now"
    spec = ProbeSpec(
        url=None if command else address, command=command, status=answer.status or OK, body=body
    )
    keys: list[tuple[str, object, str]] = [
        ("command", command, seen) if command else ("url", address, seen)
    ]
    if body:
        return Health(spec, (*keys, ("body", body, "what it answered now")))
    return Health(spec, tuple(keys), "body: a pattern that only a healthy answer has")


def _tcp(unit: SurveyedUnit) -> Health | None:
    ports = ports_of(unit)
    if not ports:
        return None
    address = f"localhost:{ports[0]}"
    keys = (("tcp", address, f"{unit.name} listens there; it answers none of the usual URLs"),)
    return Health(ProbeSpec(tcp=address), keys, "url or send and body: something that it answers")


def _state(unit: SurveyedUnit, survey: Survey) -> Health:
    """Return the probe of a unit on which nothing listens: its manager's word."""
    if unit.asked:
        return _container(unit)
    if unit.manager == "systemd":
        command: tuple[str, ...] = ("systemctl", "is-active", "--quiet", unit.name)
    else:
        tool = next(
            (path for path in survey.tools if path.endswith("supervisorctl")), "supervisorctl"
        )
        command = (tool, "-s", f"unix://{unit.socket}", "status", unit.name)
    why = "where it listens was not seen" if unit.unseen else "nothing listens"
    keys = (("command", command, f"{why}: only the manager's word"), ("samples", 50, ""))
    return Health(ProbeSpec(command=command), keys, "a command that shows that its work gets done")


def _container(unit: SurveyedUnit) -> Health:
    """Return the probe of a container without a published port: its health, or that it runs."""
    own = "healthcheck" in unit.asked
    body = "" if own else LISTED
    why = "its image has a health command" if own else "it publishes no port: it runs, no more"
    keys: list[tuple[str, object, str]] = [("command", unit.asked, why)]
    keys += [("body", body, "the id of a container")] if body else []
    asks = "" if own else "a command that shows that its work gets done"
    return Health(ProbeSpec(command=unit.asked, body=body), (*keys, ("samples", 50, "")), asks)


def limited(health: Health, times: ProbeResult) -> Health:
    """Return a probe with a limit for its response times, where the usual one may be too short."""
    slowest = max(times.samples_ms, default=0.0)
    limit = next((text for text, most in LIMITS if slowest <= most), "5s")
    if limit == "100ms":
        return health
    seen = f"{len(times.samples_ms)} answers took up to {slowest:.0f} ms"
    return health._replace(keys=(*health.keys, ("limit", limit, seen)))
