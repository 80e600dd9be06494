"""What users ask: the site of a proxy that passes requests on to a system, and its maintenance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from pytest_rollback.agent.messages.probes.sample import ProbeResult, ProbeSpec
from pytest_rollback.agent.messages.services.survey import ProxySite, Survey, SurveyedUnit
from pytest_rollback.cli.init import host
from pytest_rollback.cli.init.candidates import ports_of
from pytest_rollback.cli.init.health import OK, PATHS, pattern
from pytest_rollback.cli.init.lines import TomlLine, TomlTable, header
from pytest_rollback.transport.connection import Connection

HERE = frozenset(("localhost", "127.0.0.1", "[::1]", "::1", "0.0.0.0"))  # noqa: S104 - a name of this host
REJECTED = "_"
"""The name that sites of nginx have which take every name."""


class FoundEdge(NamedTuple):
    """A site that passes requests on to one of the units, and what it answers at which address."""

    proxy: ProxySite
    url: str
    answer: ProbeResult | None
    paths: tuple[str, ...]


def found(
    connection: Connection, survey: Survey, units: Sequence[SurveyedUnit]
) -> FoundEdge | None:
    """Return the site before some units; None where there is none. One round trip."""
    proxy = next((each for each in survey.proxies if leads_to(each, units)), None)
    if proxy is None:
        return None
    urls = [urljoin(place, path) for place in places(proxy) for path in PATHS]
    asked = {url: ProbeSpec(url=url, status=0, timeout=host.EACH) for url in urls}
    said = host.answers(connection, asked)
    good = [url for url in urls if said[url].status == OK and said[url].problem is None]
    clear = [url for url in good if pattern(said[url].body)]
    url = next(iter(clear or good), "")
    return FoundEdge(proxy, url or places(proxy)[0], said.get(url), tuple(good))


def leads_to(proxy: ProxySite, units: Sequence[SurveyedUnit]) -> bool:
    """Return whether a site passes to a port, or a socket, on which one of the units listens."""
    for each in proxy.passes:
        name, _, port = each.rpartition(":")
        for unit in units:
            if each in unit.sockets or (name in HERE and int(port) in ports_of(unit)):
                return True
    return False


def places(proxy: ProxySite) -> list[str]:
    """Return the addresses of a site: on this host, and by its own names."""
    parts = urlsplit(proxy.url)
    port = f":{parts.port}" if parts.port else ""
    names = [
        each for each in proxy.names if each not in {REJECTED, "localhost", ""} and "*" not in each
    ]
    named = [f"{parts.scheme}://{each}{port}/" for each in names if _is_plain(each)]
    return [proxy.url, *(each for each in named if each != proxy.url)]


def _is_plain(name: str) -> bool:
    return all(each.isalnum() or each in "-." for each in name) and not name.startswith(".")


def tables(edge: FoundEdge | None) -> Iterator[TomlTable]:
    """Yield `[edge]` and `[maintenance]`."""
    if edge is None:
        return
    proxy, answer = edge.proxy, edge.answer
    seen = f"{proxy.file}: passes to {', '.join(proxy.passes)}"
    if answer is None:
        asks = "none of the usual paths is answered with 200 there: what do users ask?"
        yield TomlTable(header("edge"), [TomlLine("url", edge.url, seen, asks)], hidden=True)
    else:
        lines = [TomlLine("url", edge.url, seen)]
        body = pattern(answer.body)
        lines += [TomlLine("body", body, "what it answered now")] if body else []
        yield TomlTable(header("edge"), lines)
    yield from maintenance(proxy, is_hidden=answer is None)


def maintenance(proxy: ProxySite, *, is_hidden: bool) -> Iterator[TomlTable]:
    """Yield how a proxy shows the maintenance page, where its configuration says so."""
    if not proxy.page:
        asks = "no rule shows a maintenance page: see [maintenance] in docs/manifest.md"
        yield TomlTable(header("maintenance"), [TomlLine(asks=asks)], hidden=True)
        return
    lines = [
        TomlLine("page", proxy.page, f"{proxy.file}: if (-f {proxy.page}) return {proxy.status}"),
        TomlLine("text", "System maintenance in progress", "written to the page"),
        TomlLine("body", "maintenance", "a part of that text"),
        TomlLine("status", proxy.status, "the same rule"),
    ]
    if proxy.program == "nginx":
        lines.append(TomlLine("check", ("nginx", "-t"), "before a reload"))
    yield TomlTable(header("maintenance"), lines, hidden=is_hidden)
