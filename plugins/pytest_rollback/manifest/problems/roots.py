"""A system in several places: `roots` instead of `root`, and absolute paths below them.

For everything else it is one whose root is `/`, limited to these places: each path of a
table becomes what it is below `/`, so that record, pattern and plan know one kind of path.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pytest_rollback.agent.messages.location import is_below
from pytest_rollback.manifest.document import TomlTable, TomlValue, table, tables, texts
from pytest_rollback.manifest.problems import releases
from pytest_rollback.manifest.release import BACKUPS

MAGIC = re.compile(r"[*?\[]")

WHOLE = "/"
"""What is limited to the places."""

TABLES: Mapping[str, Mapping[str, bool]] = {
    "system": {"secrets": False},
    "services": {"source": True},
    "configuration": {"files": True, "defaults": True},
}
OF_COMPONENT = {"files": True, "environment_files": True, "directory": True}
"""Keys with paths, and whether they have to be in one of the places."""


READ_BY_SYSTEMD = tuple(
    f"{place}/systemd/system" for place in ("/etc", "/run", "/lib", "/usr/lib", "/usr/local/lib")
)
"""Where systemd has unit files."""


class Resolved(NamedTuple):
    """A document with one root, and what is wrong with its several ones, a line each."""

    document: TomlTable
    problems: tuple[str, ...]


def given(document: TomlTable) -> list[str]:
    """Return the roots as they are named, without a slash at the end; none where there is one."""
    named = texts(table(document.get("system")).get("roots"))
    return [posixpath.normpath(each).replace("//", "/") if each else each for each in named]


def resolved(document: TomlTable) -> Resolved:
    """Return a document whose paths are relative to `/`; one without `roots` stays as it is."""
    about, places = table(document.get("system")), given(document)
    if "roots" not in about:
        return Resolved(document, ())
    problems = [*_faults(document)]
    made: TomlTable = dict(document)
    for name, keys in TABLES.items():
        if isinstance(document.get(name), dict):
            made[name] = _changed(table(document[name]), (name, keys), places, problems)
    components = tables(document.get("components"))
    if components:
        made["components"] = [
            _changed(each, (f"components[{number}]", OF_COMPONENT), places, problems)
            for number, each in enumerate(components)
        ]
    made["system"] = {**table(made["system"]), "root": WHOLE}
    if len(places) == len(tuple_of(about["roots"])):
        made["system"] = {**table(made["system"]), "roots": [*places]}
    return Resolved(made, tuple(problems))


def tuple_of(value: TomlValue) -> tuple[TomlValue, ...]:
    """Return the values of an array; one value alone where it is none."""
    return tuple(value) if isinstance(value, list) else (value,)


def _changed(
    found: TomlTable, keys: tuple[str, Mapping[str, bool]], places: list[str], problems: list[str]
) -> TomlTable:
    """Return a table with relative paths under some keys; note those that are in no place.

    `keys` are the name of the table, and each key with whether its paths have to be in a place.
    """
    made, (name, wanted) = dict(found), keys
    for key, is_bound in wanted.items():
        if key not in found:
            continue
        value, listed = found[key], tuple_of(found[key])
        for number, path in enumerate(listed):
            if is_bound and isinstance(path, str) and not is_below(_fixed(path), places):
                at = f"{name}.{key}[{number}]" if isinstance(value, list) else f"{name}.{key}"
                problems.append(f"{at}: found {path!r}, expected {_wanted(path, places)}")
        paths = [_relative(path, places, is_bound=is_bound) for path in listed]
        made[key] = paths if isinstance(value, list) else paths[0]
    return made


def _relative(path: TomlValue, places: list[str], *, is_bound: bool) -> TomlValue:
    """Return what a path is below `/`; one that may be elsewhere, and is, stays absolute."""
    if not isinstance(path, str) or not (is_bound or is_below(path, places)):
        return path
    return path.strip("/") or path


def _fixed(path: str) -> str:
    """Return the part of a pattern that stands for itself: of a path all of it."""
    plain = MAGIC.split(path, maxsplit=1)[0]
    return path if plain == path else plain.rpartition("/")[0]


def _wanted(path: str, places: list[str]) -> str:
    """Return what would have been right."""
    if not path.startswith("/"):
        return "an absolute path: there is no one root that it could be relative to"
    return f"a path below one of the roots {', '.join(places)}"


def _faults(document: TomlTable) -> Iterator[str]:
    """Yield what is wrong with the roots, alone and beside other keys."""
    about, places = table(document.get("system")), given(document)
    if "root" in about:
        yield "system.roots: found beside root, expected one of them"
    if about.get("roots") == []:
        yield "system.roots: found none, expected the places in which the system lies"
    for number, place in enumerate(places):
        key, others = f"system.roots[{number}]", places[:number] + places[number + 1 :]
        if place.strip("/") == "":
            yield f"{key}: found {place!r}, expected a directory or file of the system alone"
        elif is_below(place, others):
            outer = next(each for each in others if is_below(place, [each]))
            yield f"{key}: found {place!r}, expected a place that is not in another, {outer!r}"
    state = f"{about.get('state')}".rstrip("/")
    for place in places:
        if is_below(state, [place]) or is_below(place, [state]):
            yield (
                f"system.state: found {about.get('state')!r}, expected a directory that is neither "
                f"inside nor above the root {place!r}"
            )
    yield from _units(table(document.get("services")), places)
    kinds = {each: at for each, at in releases.named(document).items() if each != BACKUPS}
    yield from (
        f"{at}: found {each!r} with several roots, expected {BACKUPS!r}"
        for each, at in kinds.items()
    )
    if table(document.get("fallback")).get("git"):
        yield (
            "fallback.git: found with several roots, expected none: the paths of a repository are "
            "not those of the host"
        )


def _units(services: TomlTable, places: list[str]) -> Iterator[str]:
    """Yield roots with unit files that systemd reads: it goes on with what it has read before."""
    if services.get("manager", "systemd") != "systemd":
        return
    read = [f"{services.get('directory', READ_BY_SYSTEMD[0])}".rstrip("/"), *READ_BY_SYSTEMD]
    for number, place in enumerate(places):
        if is_below(place, read) or any(is_below(each, [place]) for each in read):
            yield (
                f"system.roots[{number}]: found {place!r}, where systemd reads unit files, "
                "expected them in a directory of the release, named as source of [services]: from "
                "there they are installed, and read again"
            )
