"""Whether what a runbook names is there: one round trip to the host, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pytest_rollback.agent.messages.probes.sample import ASK, ProbeRequest, ProbeSpec
from pytest_rollback.agent.messages.services import units
from pytest_rollback.agent.messages.services.units import UnitPorts, UnitsRequest
from pytest_rollback.agent.messages.system import (
    PATHS,
    TOOLS,
    PathKinds,
    PathsRequest,
    Tools,
    ToolsRequest,
)
from pytest_rollback.agent.messages.trial import TRIAL, Trial, TrialComponent, TrialRequest
from pytest_rollback.extras.runbook.references import Claim, broken, names
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.transport.call import Answers, AnyCall, Call

LOCAL = {"localhost", "127.0.0.1", "::1"}
PATIENCE = 3.0
SECONDS = 60.0
"""Seconds for all imports together."""

TOLD = {
    "command": "tools",
    "path": "paths",
    "folder": "paths",
    "script": "paths",
    "unit": "units",
    "import": "imports",
}
"""Which question of `questions` tells about a kind of claim; a URL has its own."""


class Drift(NamedTuple):
    """What became of a runbook: how much it names, what of it is not there, what is unknown."""

    named: Mapping[str, int]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def questions(found: list[Claim], system: System) -> dict[str, AnyCall]:
    """Return what the host is asked, by a word for each; nothing for what nobody named."""
    root = system.about.root
    asked: dict[str, AnyCall] = {}
    if tools := names(found, "command"):
        asked["tools"] = Call(TOOLS, ToolsRequest(root, tuple(tools)))
    if places := names(found, "path", "folder", "script"):
        asked["paths"] = Call(PATHS, PathsRequest(root, tuple(places)))
    if known := names(found, "unit"):
        where, manager = requests.location(system), requests.manager(system)
        listed = tuple(UnitPorts(unit) for unit in known)
        asked["units"] = Call(units.LOOK, UnitsRequest(where, manager, listed))
    if loads := names(found, "import"):
        asked["imports"] = trial(loads, system)
    for address in filter(is_askable, names(found, "url")):
        asked[address] = Call(ASK, ProbeRequest(probed(address, system)))
    return asked


def trial(loads: Iterable[str], system: System) -> Call[TrialRequest, Trial]:
    """Return the call that loads imports in the live tree, each as its component would."""
    owned = {name: owner(name, system).name for name in loads}
    components = [
        tried(each, tuple(name for name in owned if owned[name] == each.name))
        for each in system.components
        if each.name in owned.values()
    ]
    return Call(TRIAL, requests.live_trial(system, components, SECONDS), SECONDS)


def tried(described: Component, imports: tuple[str, ...]) -> TrialComponent:
    """Return a component with these imports alone."""
    return requests.component(described)._replace(imports=imports, constructs=())


def owner(name: str, system: System) -> Component:
    """Return the component that a module belongs to: one that imports it itself, or the first."""
    module = name.partition(":")[0]
    for each in system.components:
        own = [*each.imports, *(construct.call for construct in each.constructs)]
        if module in {known.partition(":")[0] for known in own}:
            return each
    return system.components[0]


def probed(address: str, system: System) -> ProbeSpec:
    """Return how a URL is asked: as it is described, or by GET; what would change by a connection.

    Readiness changes nothing: a POST that rollback.toml does not know as a probe is not sent.
    """
    method, _, url = address.partition(" ")
    for probe in system.probes.values():
        if probe.url == url and probe.method == method:
            return requests.probe(probe)
    place = urlsplit(url)
    if method in {"GET", "HEAD"} and place.hostname in LOCAL:
        return ProbeSpec(url=url, method=method, timeout=PATIENCE)
    port = place.port or (443 if place.scheme == "https" else 80)
    return ProbeSpec(tcp=f"{place.hostname}:{port}", timeout=PATIENCE)


def is_askable(address: str) -> bool:
    """Return whether a claimed URL, behind its method, can be asked."""
    return not broken(address.partition(" ")[2])


def deadline(found: list[Claim]) -> float:
    """Return the seconds that all questions together may take."""
    return SECONDS + 30 + 4 * PATIENCE * len(names(found, "url"))


def drifted(
    found: list[Claim],
    asked: Mapping[str, AnyCall],
    answers: Answers,
    system: System,
    homes: Iterable[Path],
) -> Drift:
    """Return what a host says of the claims.

    Args:
        found: the claims.
        asked: what the host was asked: `questions`.
        answers: what it answered.
        system: the target.
        homes: where scripts may be as well: folders on the controller.
    """
    missing, unknown = [], []
    for claim in found:
        if claim.kind == "url" and not is_askable(claim.name):
            missing.append(f"{words(claim)}: {broken(claim.name.partition(' ')[2])}")
            continue
        call = asked[claim.name if claim.kind == "url" else TOLD[claim.kind]]
        if claim.kind == "script" and any((home / claim.name).is_file() for home in homes):
            continue
        if error := answers.error(call):
            unknown.append(f"{words(claim)}: {error.message}")
        elif why := lacking(claim, answers.of(call), system):
            missing.append(f"{words(claim)}: {why}")
    kinds = dict.fromkeys(claim.kind for claim in found)
    return Drift({kind: len(names(found, kind)) for kind in kinds}, tuple(missing), tuple(unknown))


def words(claim: Claim) -> str:
    """Return a claim for people; what a URL asks for may be a secret."""
    shown = claim.name.partition("?")[0] if claim.kind == "url" else claim.name
    return f"line {claim.line}: {claim.kind} {shown}"


def lacking(claim: Claim, answer: Any, system: System) -> str:  # noqa: ANN401 - any JSON
    """Return what is wrong with a claim; "" where it is true."""
    if claim.kind == "command":
        tools: Tools = answer
        return "" if tools.places[claim.name] else "not found on the host"
    if claim.kind == "unit":
        known = answer.units[claim.name].known
        return "" if known else f"unknown to {system.services.manager}"
    if claim.kind == "import":
        found: Trial = answer
        return found.components[owner(claim.name, system).name].imports[claim.name] or ""
    if claim.kind == "url":
        return "" if answer.answered else str(answer.wrong)
    kinds: PathKinds = answer
    return placed(claim, kinds.kinds[claim.name])


def placed(claim: Claim, kind: str | None) -> str:
    """Return what is wrong with a path that is of some kind on the host."""
    if kind is None:
        return "not found on the host" + " or here" * (claim.kind == "script")
    if claim.kind == "folder" and kind != "directory":
        return f"a {kind}, not a directory"
    return f"a {kind}, not a file" if claim.kind == "script" and kind != "file" else ""
