"""What rollback.toml says, as the agent is asked about it: the parts that many requests share."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from pytest_rollback.agent.messages.backup.verify import DescribedName
from pytest_rollback.agent.messages.configuration import ConfigurationRequest
from pytest_rollback.agent.messages.location import HolderProcess, Location, Selection
from pytest_rollback.agent.messages.probes.edge import PageAnswer, WatchedEdge
from pytest_rollback.agent.messages.probes.sample import ProbeSpec, SecretHeader, TlsFiles
from pytest_rollback.agent.messages.probes.served import ServedRequest
from pytest_rollback.agent.messages.rollback.maintenance import PageCommands
from pytest_rollback.agent.messages.services.running import AskedPort, RunningRequest, UnitOwner
from pytest_rollback.agent.messages.services.units import ManagerAddress
from pytest_rollback.agent.messages.trial import (
    TrialComponent,
    TrialConstruct,
    TrialRequest,
    UnitSources,
)
from pytest_rollback.agent.messages.unit_files import UnitFilesRequest
from pytest_rollback.agent.services.registry import MANAGERS
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.model import Component, Edge, System
from pytest_rollback.manifest.probes import Maintenance, Probe
from pytest_rollback.text.entry_points import managers

SAME = tuple(e for e in ProbeSpec._fields if e not in {"headers", "secrets", "send", "tls"})
"""What a probe says to the host as `rollback.toml` does."""

WORDS = 60
"""Words of the maintenance page that tell it apart."""


def location(system: System, run: str = "", holder: HolderProcess | None = None) -> Location:
    """Return where a system's files are, and what is known of a run by its id and its holder."""
    about = system.about
    return Location(about.root, about.state, about.suffix, run, holder, about.within)


def selection(system: System, owners: tuple[str, ...] = ()) -> Selection:
    """Return which recorded files are meant: those of some owners, or all."""
    return Selection(
        components=parts.files(system),
        only=owners,
        configuration=configuration(system),
        git=system.fallback.git,
        secrets=system.about.secrets,
    )


def configuration(system: System) -> tuple[str, ...]:
    """Return the paths that are restored in the configuration phase; directories with all below."""
    return tuple(filter(None, (*system.configuration.files, system.services.source)))


def names(system: System) -> tuple[DescribedName, ...]:
    """Return the names in rollback.toml that should be those of a file, directory or account."""
    services, defaults = system.services, system.configuration.defaults
    page = system.maintenance and system.maintenance.page
    told = [("source of [services]", services.source), ("defaults of [configuration]", defaults)]
    told += [("directory of [services]", services.directory)]
    told += [("roots of [system]", each) for each in system.about.within]
    told += [("page of [maintenance]: its directory", str(Path(page).parent))] if page else []
    for each in system.components:
        of = f"of component {each.name}"
        told += [(f"environment_files {of}", name) for name in each.environment_files]
        told += [(f"directory {of}", each.directory)]
    found = [DescribedName(key, name) for key, name in told if name]
    user = [DescribedName("user of [system]", system.about.user, is_account=True)]
    return (*found, *(user if system.about.user else []))


def component(described: Component) -> TrialComponent:
    """Return what is tried of a component: its imports and constructs, as its unit would."""
    return TrialComponent(
        name=described.name,
        interpreter=described.interpreter,
        directory=described.directory,
        environment=described.environment,
        environment_files=described.environment_files,
        imports=described.imports,
        constructs=tuple(
            TrialConstruct(each.call, json.dumps(each.arguments), each.limit)
            for each in described.constructs
        ),
        unit=described.unit,
        logs=described.log,
    )


def unit_sources(system: System) -> UnitSources:
    """Return where the files of a system's units come from."""
    return UnitSources(manager(system), system.services.source, system.services.directory)


def live_trial(system: System, tried: Iterable[TrialComponent], timeout: float) -> TrialRequest:
    """Return the request to try components in the live tree, within so many seconds."""
    return trial(system, tried, timeout)._replace(live=True, pool="")


def trial(system: System, components: Iterable[TrialComponent], timeout: float) -> TrialRequest:
    """Return the request to try components in the restored tree, within so many seconds."""
    return TrialRequest(
        location=location(system),
        user=system.about.user,
        timeout=timeout,
        components=tuple(components),
        units=unit_sources(system),
        secrets=system.about.secrets,
        pool=parts.pool(system),
    )


def configuration_faults(system: System) -> ConfigurationRequest:
    """Return the request to read every configuration and unit file as a rollback leaves it."""
    services = system.services
    return ConfigurationRequest(
        location(system),
        system.configuration.files,
        services.source,
        (managers().get(services.manager) or MANAGERS[services.manager]).verifier,
        tuple(component.unit for component in system.components),
        services.manager,
        services.directory,
        parts.pool(system),
    )


def manager(system: System) -> ManagerAddress:
    """Return which service manager has the units, and how it is reached."""
    return ManagerAddress(system.services.manager, system.services.reached)


def running(
    system: System, ports: Callable[[Component], Iterable[int]], owners: tuple[str, ...] = ()
) -> RunningRequest:
    """Return the request about the processes of all units; the recorded files are those of owners.

    `ports` says on which ports the unit of a component should listen.
    """
    return RunningRequest(
        location=location(system),
        manager=manager(system),
        units=tuple(
            UnitOwner(
                each.name,
                each.unit,
                tuple(ports(each)),
                each.environment_files,
                tuple(asked_ports(system, each)),
            )
            for each in system.components
        ),
        selection=selection(system, owners),
        directory=system.services.directory,
        data=replaced_data(system),
    )


def replaced_data(system: System) -> tuple[str, ...]:
    """Return the files of databases that a rollback puts others in the place of."""
    found = system.database
    return (found.name,) if found and found.engine == "sqlite" and found.restores else ()


def asked_ports(system: System, described: Component) -> Iterator[AskedPort]:
    """Yield what the probes of a component ask; what they ask of the edge is the edge's.

    Its health is that of its own unit; a request of its users may go through another one.
    """
    edge = address(system.edge.url) if system.edge else None
    for name in dict.fromkeys((described.health, *described.requests)):
        asked = system.probes[name]
        where = address(asked.url or f"//{asked.tcp or ''}")
        if where and where != edge:
            yield AskedPort(name, *where, own=name == described.health)


def page_commands(described: Maintenance) -> PageCommands | None:
    """Return what switches maintenance on the host, where commands do."""
    told = described.commands
    return PageCommands(*(getattr(told, each) for each in PageCommands._fields)) if told else None


def address(url: str) -> tuple[str, int] | None:
    """Return the host and the port of an address, None where it names none."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.hostname, port) if parts.hostname and port else None


def probe(described: Probe) -> ProbeSpec:
    """Return a probe as the host is asked it; JSON becomes text, with its content type."""
    headers, send, tls = tuple(described.headers.items()), described.send, described.tls
    if described.json_ is not None:
        send = json.dumps(described.json_)
        if "content-type" not in {name.lower() for name in described.headers}:
            headers = (*headers, ("Content-Type", "application/json"))
    hidden = [SecretHeader(name, *each) for name, each in described.hidden()]
    told: dict[str, Any] = {name: getattr(described, name) for name in SAME}
    shown = TlsFiles(tls.certificate, tls.key, tls.authority) if tls else None
    return ProbeSpec(**told, headers=headers, send=send, secrets=tuple(hidden), tls=shown)


def repeated(system: System, names: Iterable[str]) -> list[str]:
    """Return those of some probes that may be asked many times: they change nothing."""
    return [name for name in dict.fromkeys(names) if not system.probes[name].changes]


def edge_probe(system: System, edge: Edge) -> ProbeSpec:
    """Return the probe that asks what users get: the system, and not the maintenance page.

    The page's own text tells it apart whatever its status is; where it has the system's status,
    its pattern does as well. A redirect to the page names its file.
    """
    page = system.maintenance
    texts = [page_text(page), page.body if page.status == edge.status else ""] if page else []
    return ProbeSpec(
        url=edge.url,
        method=edge.method,
        status=edge.status,
        body=edge.body,
        reject="|".join(f"(?:{each})" for each in texts if each),
        timeout=edge.timeout,
    )


def uncached_probe(system: System, edge: Edge) -> ProbeSpec:
    """Return the probe that asks the same past caches: any answer but the maintenance page.

    An answer that a cache kept from before says nothing of what the next user gets.
    """
    mark = "&" if "?" in edge.url else "?"
    return edge_probe(system, edge)._replace(
        url=f"{edge.url.partition('#')[0]}{mark}rollback={secrets.token_hex(8)}",
        headers=(("Cache-Control", "no-cache"), ("Pragma", "no-cache")),
        status=0,
        body="",
        reject=page_text(system.maintenance) if system.maintenance else "",
    )


def served(system: System, edge: Edge) -> ServedRequest:
    """Return the request that compares what users get with what components answer themselves.

    The components are those that are asked for the edge's path as well; where there is none, the
    edge is asked for what their health is asked for.
    """
    path = urlsplit(edge.url).path
    asked = {
        each.name: probe(system.probes[name])
        for each in system.components
        for name in (*each.requests, each.health)
        if is_read(system.probes[name]) and urlsplit(system.probes[name].url or "").path == path
    }
    usual = (edge_probe(system, edge), uncached_probe(system, edge))
    if asked or edge.method != "GET":
        return ServedRequest(location(system), usual, asked if edge.method == "GET" else {})
    health = {each.name: system.probes[each.health] for each in system.components}
    asked = {name: probe(each) for name, each in health.items() if is_read(each)}
    paths = sorted({urlsplit(each.url or "").path or "/" for each in asked.values()})
    at_edge = (usual[0]._replace(url=urljoin(edge.url, each)) for each in paths)
    return ServedRequest(location(system), (*usual, *at_edge), asked)


def is_read(described: Probe) -> bool:
    """Return whether a probe only reads a URL."""
    return described.url is not None and described.method == "GET" and not described.changes


def page_text(page: Maintenance) -> str:
    """Return the pattern of a page's own text, however its white space comes; "" without text."""
    return r"\s+".join(map(re.escape, page.text.split()[:WORDS]))


def watched_edge(system: System, edge: Edge) -> WatchedEdge:
    """Return an edge as it is asked again and again; it tells the maintenance page apart."""
    shown = system.maintenance
    page = PageAnswer(shown.status, shown.body, page_text(shown)) if shown else None
    return WatchedEdge(
        edge.url, edge.status, edge.timeout, edge.interval, page, edge.method, edge.body
    )


def unit_files(
    system: System, units: Iterable[str], source: str, *, digest: str = ""
) -> UnitFilesRequest:
    """Return the request about some units' files; those of the release lie in `source`."""
    managed = system.services
    named = tuple(component.unit for component in system.components)
    where = (managed.manager, managed.reached, source, managed.directory)
    return UnitFilesRequest(location(system), *where, tuple(units), digest, named)
