"""The host that is looked at: reached without a description, asked in as few trips as possible."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pytest_rollback.agent.messages.probes.sample import ASK, ProbeRequest, ProbeResult, ProbeSpec
from pytest_rollback.agent.messages.services.survey import SURVEY, Survey, SurveyRequest
from pytest_rollback.errors import RollbackError, Unreachable
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.model import System
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

SECONDS = 60.0
"""For everything that a host has; a large one answers in two."""

EACH = 2.0
"""Seconds for one answer of a URL that may be none."""

PATIENT = 10.0
"""The same where it was none, or none that says much: a host may be busy."""

MEASURED = 20
"""Answers by which the limit of a probe is proposed."""


TYPED = {
    "connection in rollback.toml": "--connection, see: rollback init --help",
    "correct [target] ": "correct ",
    "at the end of connection:": "at the end of --connection:",
    ", and set it in [target] python": ", as python3",
    ", or set it in [target] python": ", as python3",
    ", or connect as root without [target] sudo": ", or connect as root",
}
"""What a hint says of a rollback.toml, and what it says where there is none."""


class SurveyedHost(NamedTuple):
    """A host, what is on it, and whether it takes sudo to see that."""

    connection: Connection
    survey: Survey
    sudo: bool


def placeholder(connection: str, *, sudo: bool) -> System:
    """Return a system that says no more than how its host is reached."""
    return parse(
        {
            "system": {"name": "unknown", "root": "/srv/unknown", "state": "/var/lib/unknown"},
            "target": {"name": "unknown", "connection": connection, "sudo": sudo},
            "components": [{"name": "unknown", "unit": "unknown", "health": "unknown"}],
            "probes": {"unknown": {"tcp": "localhost:1"}},
        },
        f"--connection={connection}",
    )


@contextlib.contextmanager
def reached(connection: str, request: SurveyRequest) -> Iterator[SurveyedHost]:
    """Yield the host, as root where sudo makes us root without a password.

    Raises:
        RollbackError: it cannot be reached, or not asked.
    """
    opened: list[Connection] = []
    try:
        yield _surveyed(connection, request, opened)
    finally:
        for each in opened:
            each.close()


def _surveyed(connection: str, request: SurveyRequest, opened: list[Connection]) -> SurveyedHost:
    opened.append(Connection(placeholder(connection, sudo=False)))
    try:
        found = SurveyedHost(opened[0], _asked(opened[0], request), sudo=False)
    except Unreachable as error:
        raise Unreachable(error.message, hint=typed(error.hint)) from error
    if not found.survey.root:
        opened.append(Connection(placeholder(connection, sudo=True)))
        with contextlib.suppress(RollbackError):  # without a password, or without sudo
            found = SurveyedHost(opened[1], _asked(opened[1], request), sudo=True)
    return found


def typed(hint: str) -> str:
    """Return a hint with options in place of the keys of a rollback.toml that is to be written."""
    for key, option in TYPED.items():
        hint = hint.replace(key, option)
    return hint


def _asked(connection: Connection, request: SurveyRequest) -> Survey:
    return connection.ask(Call(SURVEY, request, SECONDS))


def answers(
    connection: Connection,
    probes: Mapping[str, ProbeSpec],
    samples: int = 1,
    timeout: float = EACH,
) -> dict[str, ProbeResult]:
    """Return what each probe is answered; one that cannot be asked has its reason as a problem."""
    deadline = 2 * timeout * samples
    calls = {
        name: Call(ASK, ProbeRequest(probe, samples, deadline)) for name, probe in probes.items()
    }
    said = connection.ask_all(list(calls.values()), deadline=SECONDS + deadline * len(calls))
    found = {}
    for name, call in calls.items():
        problem = said.error(call)
        found[name] = _unasked(problem) if problem else said.of(call)
    return found


def _unasked(problem: RollbackError) -> ProbeResult:
    return ProbeResult((), 1, problem.message, None, "", None)


def urls(ports: Iterable[int], paths: Iterable[str], timeout: float = EACH) -> dict[str, ProbeSpec]:
    """Return a probe for each path of each port, by its address; any answer is one."""
    addresses = [f"http://localhost:{port}{path}" for port in ports for path in paths]
    return {each: ProbeSpec(url=each, status=0, timeout=timeout) for each in addresses}
