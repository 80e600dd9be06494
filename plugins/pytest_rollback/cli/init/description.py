"""A system as `rollback.toml` describes it: its tables, each line with where it was seen."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from pytest_rollback.agent.messages.services.survey import NamedDatabase, Survey, SurveyedUnit
from pytest_rollback.cli.init import contained, places, releases
from pytest_rollback.cli.init import edge as edges
from pytest_rollback.cli.init.candidates import COMPOSED, Candidate, is_below, slug
from pytest_rollback.cli.init.components import Part
from pytest_rollback.cli.init.contained import QUADLET
from pytest_rollback.cli.init.health import Health
from pytest_rollback.cli.init.lines import TomlLine, TomlTable, header, text
from pytest_rollback.manifest.release import BACKUPS, IMAGES, LINKS

STATES = "/var/lib/rollback"
POSTGRESQL = 5432
START = 30.0
"""Seconds that a unit has to start where nothing else is written."""

PACKAGED = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", "/lib/")
"""Where programs lie that come with the operating system."""


WITH_GIT = (BACKUPS, IMAGES)
"""Strategies with which a repository can have the files of the previous release."""


class Found(NamedTuple):
    """Everything that a description is made of.

    `given` are values that options name: `name`, `state`, `target`.
    """

    connection: str
    sudo: bool
    survey: Survey
    candidate: Candidate
    name: str
    parts: Sequence[Part]
    health: Mapping[str, Health]
    edge: edges.FoundEdge | None
    given: Mapping[str, str]


def described(found: Found) -> str:
    """Return the text of a `rollback.toml`."""
    homeless = contained.homeless(found.survey)
    head = [
        f"{found.name}, as `rollback init` saw it on {found.survey.host}.",
        "Each line has where it was seen; a question mark begins what only people know.",
        "docs/manifest.md explains every key.",
        *(f"? not seen: {each}" for each in found.survey.unread),
        *(f"? left out: {why}; rollback init --unit {unit}" for unit, why in homeless.items()),
    ]
    return text(head, tables(found))


def tables(found: Found) -> Iterator[TomlTable]:
    """Yield all tables in the order of the shipped rollback.toml."""
    yield TomlTable(header("system"), list(_system(found)))
    yield TomlTable(header("target"), list(_target(found)))
    yield TomlTable(header("services"), list(_services(found)))
    yield from releases.tables(found.candidate, found.survey)
    for part in found.parts:
        yield TomlTable("[[components]]", list(_component(found, part)))
    for part in found.parts:
        yield TomlTable(header("probes", part.name), list(_probe(found.health[part.unit.name])))
    files = configuration(found)
    if files:
        lines = [TomlLine("files", [path for path, _ in files], "; ".join(why for _, why in files))]
        yield TomlTable(header("configuration"), lines)
    yield from edges.tables(found.edge)
    yield from _database(found)
    checkout = found.candidate.checkout
    if checkout and found.candidate.strategy in WITH_GIT and not checkout.problem:
        seen = f"it is a working tree, at {checkout.tag or checkout.head[:12]}"
        yield TomlTable(header("fallback"), [TomlLine("git", checkout.top, seen)])


def _system(found: Found) -> Iterator[TomlLine]:
    root, given = found.candidate.root, found.given
    yield TomlLine("name", found.name, "--name" if given["name"] else "the names of units and root")
    yield TomlLine("root", root, found.candidate.seen)
    yield from places.lines(found.candidate, found.name)
    state = given["state"] or f"{STATES}/{found.name}"
    seen = "--state" if given["state"] else "outside the root; a rollback makes it, for root alone"
    yield TomlLine("state", state, seen)
    hidden = secret_files(found)
    if hidden:
        why = dict.fromkeys(f"{path} has {', '.join(names)}" for path, names in hidden)
        yield TomlLine("secrets", [path for path, _ in hidden], "; ".join(why))


def _target(found: Found) -> Iterator[TomlLine]:
    name = found.given["target"] or slug(found.survey.host) or "production"
    asks = "" if found.given["target"] else "a name for --arm=, such as production"
    yield TomlLine("name", name, "--target-name" if not asks else "the host's name", asks)
    yield TomlLine("connection", found.connection, "--connection")
    if found.sudo:
        yield TomlLine("sudo", value=True, seen="sudo -n works there")
    elif not found.survey.root:
        asks = "we are not root there, and sudo -n does not work: what we did not see is missing"
        yield TomlLine("sudo", value=True, asks=asks, hidden=True)


def _services(found: Found) -> Iterator[TomlLine]:
    first = found.parts[0].unit
    yield TomlLine("manager", first.manager, f"{first.name} is one of its units")
    if first.manager == COMPOSED:
        yield TomlLine("project", first.socket, first.places[0][1])
    if first.manager == "supervisord":
        yield TomlLine("socket", first.socket, f"{first.socket_file}: [unix_http_server]")
        yield TomlLine("directory", first.directory, f"{first.files[0]} has {first.name}")
    source, seen = kept_units(found)
    if source:
        yield TomlLine("source", source, seen)
    for part in found.parts:
        name = PurePosixPath(next(iter(part.unit.files), "")).name
        own = part.unit.name.partition(":")[0]
        if part.unit.manager == "supervisord" and name != f"{own}.conf":
            asks = f"{part.unit.name} is in {name}: a rollback restores a file {own}.conf alone"
            yield TomlLine(asks=asks)
    for each in found.candidate.others:
        of = f"{each.manager} at {each.socket}" if each.socket else each.manager
        yield TomlLine(
            asks=f"{each.name} of {of} lives there too and is left out: one manager, one "
            "rollback.toml"
        )


def kept_units(found: Found) -> tuple[str, str]:
    """Return the directory below the root that has the unit files of a release, and why."""
    root = found.candidate.root
    runs = any(part.unit.container for part in found.parts)
    if found.candidate.strategy not in (BACKUPS, LINKS) and not runs:
        return "", ""
    names = {PurePosixPath(path).name for part in found.parts for path in part.unit.files[:1]}
    wanted = {each for each in names if not each.endswith(QUADLET)}
    places: dict[str, list[str]] = {}
    for place, name in found.survey.kept:
        if name in wanted and is_below(place, root) and place != root:
            named = found.candidate.named(place)
            places.setdefault(os.path.relpath(named, root), []).append(name)
    if not places:
        return "", ""
    best = max(places, key=lambda each: (len(places[each]), -len(each)))
    return best, f"{', '.join(dict.fromkeys(places[best]))} lie there"


def _component(found: Found, part: Part) -> Iterator[TomlLine]:
    unit = part.unit
    yield TomlLine("name", part.name, part.order)
    yield TomlLine("unit", unit.name, f"it is {unit.state}, and runs {unit.runs or 'nothing now'}")
    yield from contained.strategy(found.candidate, unit)
    if unit.unhandled:
        yield TomlLine(asks=unit.unhandled)
    for path in dict.fromkeys(unit.started_by):
        if not (is_below(path, found.candidate.root) or path.startswith(PACKAGED)):
            yield TomlLine(asks=f"{path} starts it and is outside the root: no rollback changes it")
    yield from _by_script(unit, found.candidate.root)
    if part.own:
        yield TomlLine("files", [f"{part.own}/**"], "only this unit runs there")
    if unit.container:
        yield from contained.files(found.candidate, found.survey, unit)
    if unit.imports:
        yield TomlLine("imports", list(unit.imports), "its command line names it")
    yield TomlLine("health", part.name, found.health[unit.name].asks and "see below")
    yield TomlLine("requests", [], asks="names of probes that ask what users ask")
    yield from _listens(unit)
    if unit.health_after:
        why = f"its engine may ask for its health only after {unit.health_after:.0f} s"
        yield TomlLine("start", f"{START + unit.health_after:.0f}s", why)
    if not unit.log:
        yield TomlLine(
            "log", f"/var/log/{unit.name}.log", asks="its files do not tell", hidden=True
        )


def _listens(unit: SurveyedUnit) -> Iterator[TomlLine]:
    """Yield what is known of the ports of a unit beside that of its probe: that it has none."""
    if unit.unseen:
        told = "; ".join(f"{port} is likely: {why}" for port, why in unit.likely)
        yield TomlLine(asks=f"listens: its sockets were not seen; {told or 'no port is likely'}")
    elif not unit.ports and (unit.manager == COMPOSED or unit.container):
        yield TomlLine("listens", [], "it publishes no port")
    elif not unit.ports:
        why = "no port, only a unix socket" if unit.sockets else "its processes hold no port"
        yield TomlLine("listens", [], why)


def _by_script(unit: SurveyedUnit, root: str) -> Iterator[TomlLine]:
    """Yield the files of variables of which only the script tells that starts a unit."""
    told = [each for each in unit.variables if each.by_script]
    inside = [each for each in told if is_below(os.path.normpath(each.path), root)]
    handed = [os.path.relpath(each.path, root) for each in inside if each.exported]
    if handed:
        yield TomlLine("environment_files", handed, "its start script reads and exports them")
    for each in told:
        if each not in inside:
            asks = f"{each.path}: {each.seen}, outside the root: no rollback changes it"
            yield TomlLine(asks=asks)


def _probe(health: Health) -> Iterator[TomlLine]:
    for key, value, seen in health.keys:
        yield TomlLine(key, value, seen)
    if health.asks:
        yield TomlLine(asks=health.asks)


def configuration(found: Found) -> list[tuple[str, str]]:
    """Return the files of variables below the root, relative to it, with where they were seen."""
    root = found.candidate.root
    files = {
        os.path.relpath(found.candidate.named(file.path), root): f"{part.unit.name}: {file.seen}"
        for part in found.parts
        for file in part.unit.variables
        if is_below(os.path.normpath(file.path), root)
    }
    return sorted(files.items())


def secret_files(found: Found) -> list[tuple[str, tuple[str, ...]]]:
    """Return the files with secrets, as `secrets` names them, with the names of the variables."""
    root = found.candidate.root
    files = {}
    for part in found.parts:
        for file in part.unit.variables:
            path = found.candidate.named(os.path.normpath(file.path))
            if file.secrets:
                files[os.path.relpath(path, root) if is_below(path, root) else path] = file.secrets
    return sorted(files.items())


def _database(found: Found) -> Iterator[TomlTable]:
    """Yield the databases: as comments, since only people know where the dump of one is."""
    seen: dict[NamedDatabase, SurveyedUnit] = {}
    for part in found.parts:
        for each in part.unit.databases:
            same = [one for one in seen if one[2:] == each[2:]]
            if not same:
                seen[each] = part.unit
    for each, unit in seen.items():
        where = f"{each.variable} of {unit.name}: {each.where}"
        if each.kind != "postgresql":
            asks = f"{where} names a {each.kind}, which a rollback leaves alone"
            yield TomlTable(header("database"), [TomlLine(asks=asks)], hidden=True)
            continue
        lines = [TomlLine("name", each.name or found.name, where)]
        dump = f"/var/backups/{each.name or found.name}.dump"
        lines.append(TomlLine("dump", dump, asks="the file that pg_dump writes before a deploy"))
        lines += [TomlLine("host", each.host, where)] if each.host else []
        lines += [TomlLine("port", each.port, where)] if each.port not in (0, POSTGRESQL) else []
        lines += [TomlLine("user", each.user, where)] if each.user else []
        yield TomlTable(header("database"), lines, hidden=True)
