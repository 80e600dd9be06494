"""What is wrong with a `rollback.toml`, in words: the key, what was found, what was expected."""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic_core import ErrorDetails

from pytest_rollback.manifest.document import TomlTable, table, tables, texts
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.problems import releases
from pytest_rollback.manifest.refused import REPLACED, run_as

if TYPE_CHECKING:
    from pytest_rollback.manifest.editors.json_schema import JsonSchema

LONGEST = 60
"""Characters of a value that are shown."""

TYPES = {
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "date_from_datetime_parsing": "a date such as 2026-12-31",
    "date_from_datetime_inexact": "a date such as 2026-12-31",
    "date_parsing": "a date such as 2026-12-31",
    "date_type": "a date such as 2026-12-31",
    "string_too_short": "some text",
    "too_short": "at least one",
}
"""What pydantic's kinds of error call for."""

FORMS = {
    "connection": "local://, ssh://USER@HOST, podman://NAME, docker://NAME or ansible://HOST",
    "suffix": "a suffix that begins with a dot, such as '.backup'",
    "unit": "the name of a unit, such as 'shop-web' or 'shop@1.service'",
    "call": "a call such as 'package.module:Name'",
    "imports": "'package.module' or 'package.module:name'",
    "url": "a URL that begins with http:// or https://",
    "tcp": "'host:port'",
    "criterion": "the id of a criterion, such as 'readiness.backups.intact'",
}
"""What keys with a pattern call for; every other one is a name."""

NAME = "a name of a-z, 0-9, - and _"
PASSWORD = re.compile(r"://[^/@?]*:[^/@?]*@")


def lines(errors: Sequence[ErrorDetails]) -> Iterator[str]:
    """Yield one line for each error; a list is not called empty for what is wrong inside it."""
    places = [each["loc"] for each in errors]
    for each in errors:
        place = each["loc"]
        inner = any(other[: len(place)] == place and other != place for other in places)
        if each["type"] != "too_short" or not inner:
            yield line(each)


def line(error: ErrorDetails) -> str:
    """Return one of pydantic's errors as: key, what was found, what was expected."""
    where = key(error["loc"])
    if error["type"] == "extra_forbidden":
        if where in REPLACED:
            return f"{where}: {REPLACED[where]}"
        return f"{where}: unknown key{meant(str(error['loc'][-1]), known(error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{where}: missing"
    return f"{where}: found {shown(error['input'])}, expected {expected(error)}"


def key(location: tuple[int | str, ...]) -> str:
    """Return where a value stands, as one would write it: `components[0].unit`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".").removesuffix(".[key]")


@functools.cache
def schema() -> JsonSchema:
    """Return the schema of the models, which takes a moment to make."""
    from pytest_rollback.manifest.editors.json_schema import JsonSchema  # noqa: PLC0415 - only problems need it

    return JsonSchema.model_validate(System.model_json_schema(by_alias=True))


def known(location: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the table at a location."""
    names = [part for part in location if isinstance(part, str)]
    if names[:1] == ["probes"]:  # their names are the user's, and those of headers
        names = ["probes", *names[2:3]]
    name = ".".join(names)
    found = schema().definitions[dict(schema().tables())[name]] if name else schema()
    return list(found.properties)


def meant(word: str, choices: Iterable[str]) -> str:
    """Return which of the choices was probably meant, or all of them when none is near."""
    listed = sorted(choices)
    near = difflib.get_close_matches(word, listed, 1)
    return (
        f"; did you mean {near[0]!r}?" if near else f"; known keys: {', '.join(listed) or 'none'}"
    )


def shown(value: object) -> str:
    """Return a value as it would be written, shortened; tables and lists by their name."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return str(value).lower()
    text = value.isoformat() if isinstance(value, dt.date) else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def expected(error: ErrorDetails) -> str:
    """Return what would have been right."""
    kind, last = error["type"], next(p for p in reversed(error["loc"]) if isinstance(p, str))
    if kind == "string_pattern_mismatch":
        return FORMS.get(last, NAME)
    if kind == "literal_error":
        return str(error["ctx"]["expected"])
    words = error["msg"].removeprefix("Value error, ").removeprefix("expected ")
    return TYPES.get(kind, words.replace("Input should be ", ""))


def across(document: TomlTable) -> Iterator[str]:
    """Yield what no single key shows, from a document that may be wrong in any way."""
    components = tables(document.get("components"))
    for name in ("name", "unit"):
        counted = Counter(str(each.get(name)) for each in components if name in each)
        yield from (
            f"components: {n} have the {name} {value!r}" for value, n in counted.items() if n > 1
        )
    yield from _probes(table(document.get("probes")), components)
    names = [str(each.get("name")) for each in components]
    yield from _waivers(tables(document.get("waivers")), names)
    yield from _critical(table(document.get("triage")), names)
    yield from _people(document)
    yield from _places(document)
    yield from releases.across(document)
    if isinstance(told := table(document.get("database")).get("migrate"), dict):
        yield from run_as(told.get("component"), names)


def _probes(probes: TomlTable, components: list[TomlTable]) -> Iterator[str]:
    for index, component in enumerate(components):
        health = component.get("health")
        named = [*([health] if isinstance(health, str) else []), *texts(component.get("requests"))]
        if isinstance(health, str) and table(probes.get(health)).get("changes") is True:
            yield (
                f"components[{index}].health: found {health!r}, whose probe changes something, "
                "expected one that can be asked again and again"
            )
        for name in named:
            if name not in probes:
                near = meant(name, probes)
                yield f"components[{index}]: there is no probe {name!r}{near}"
    for name, probe in probes.items():
        kinds = (
            sorted({"url", "tcp", "command"} & probe.keys()) if isinstance(probe, dict) else [""]
        )
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none of them"
            yield f"probes.{name}: found {found}, expected exactly one of url, tcp and command"


def _waivers(waivers: list[TomlTable], names: list[str]) -> Iterator[str]:
    for index, waiver in enumerate(waivers):
        name = waiver.get("component")
        if isinstance(name, str) and name not in names:
            yield f"waivers[{index}].component: there is no component {name!r}{meant(name, names)}"


def _critical(triage: TomlTable, names: list[str]) -> Iterator[str]:
    for name in texts(triage.get("critical")):
        if name not in names:
            yield f"triage.critical: there is no component {name!r}{meant(name, names)}"


def _people(document: TomlTable) -> Iterator[str]:
    notify = table(document.get("notify"))
    names = [str(each.get("name")) for each in tables(notify.get("channels"))]
    names += [name for name in notify if name != "channels"]
    yield from (
        f"notify.channels: {n} have the name {name!r}"
        for name, n in Counter(names).items()
        if n > 1
    )
    contacts = tables(document.get("contacts"))
    levels = [level for each in contacts if isinstance(level := each.get("level"), int)]
    if levels != sorted(set(levels)):
        yield "contacts: expected each level once, the lowest first"
    for index, contact in enumerate(contacts):
        for name in texts(contact.get("channels")):
            if name not in names:
                near = meant(name, names)
                yield f"contacts[{index}].channels: there is no channel {name!r}{near}"


def _places(document: TomlTable) -> Iterator[str]:
    about, target = table(document.get("system")), table(document.get("target"))
    if isinstance(document.get("system"), dict) and not {"root", "roots"} & about.keys():
        yield "system.root: missing"
    outer, inner = sorted(f"{about.get(name)}".rstrip("/") + "/" for name in ("root", "state"))
    if outer.startswith("/") and inner.startswith(outer):
        yield (
            f"system.state: found {about['state']!r}, expected a directory that is neither inside "
            f"nor above the root {about['root']!r}"
        )
    root = f"{about.get('root')}".rstrip("/") + "/"
    for index, path in enumerate(texts(about.get("secrets"))):
        if root.startswith("/") and path.startswith(root):
            yield (
                f"system.secrets[{index}]: found {path!r}, expected {path[len(root) :]!r}: what is "
                "below the root is named as it lies there"
            )
    if PASSWORD.search(str(target.get("connection"))):
        yield "target.connection: found a password in it, expected a key: ?ssh_identity_file=PATH"
