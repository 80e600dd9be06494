"""Dataclasses to JSON data and back, with pydantic.

`read` is strict: data of another shape is an error. `salvage` is for files that were damaged, are
older than this version, or come from somebody else: what has the wrong type gets its default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

from pydantic import Strict, TypeAdapter, ValidationError

Kind = TypeVar("Kind")

if TYPE_CHECKING:
    Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
    """What JSON can say."""
else:
    from pydantic import JsonValue as Json

Number = Annotated[float, Strict()]
"""A number in a file: `true` and "1" are none."""

Flag = Annotated[bool, Strict()]
"""`true` or `false` in a file, and nothing that only means it."""

ROUNDS = 8
"""How often `salvage` drops what is wrong: what was hidden by one error may be another one."""


ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def adapter(kind: type[Kind]) -> TypeAdapter[Kind]:
    """Return what reads and writes a dataclass; made once, when it is first needed."""
    if kind not in ADAPTERS:
        ADAPTERS[kind] = TypeAdapter(kind)
    return ADAPTERS[kind]


def dump(value: object) -> dict[str, Json]:
    """Return a dataclass as data for JSON, under the names that its fields have in files."""
    # Not in mode "json": it replaces what is no UTF-8 in the keys of a mapping.
    found = adapter(type(value)).dump_python(value, by_alias=True, warnings=False)
    return {name: plain(each) for name, each in found.items()}


def plain(value: object) -> Json:
    """Return a value as JSON can say it; what JSON has no word for becomes a text."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value if isinstance(value, (str, bool, int, float, type(None))) else str(value)


def loads(text: str | bytes) -> Json:
    """Return what a JSON text of a file says.

    Raises:
        ValueError: it says nothing, or is nested too deep.
    """
    try:
        found: Json = json.loads(text)
    except RecursionError:
        raise ValueError("its brackets are nested too deep") from None
    return found


def read(kind: type[Kind], data: object) -> Kind:
    """Return a dataclass from the data of a JSON file.

    Raises:
        ValueError: a value has another type; one line names the first place.
    """
    try:
        return adapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise ValueError(f"{where}: {first['msg']}") from error


def salvage(kind: type[Kind], data: object) -> Kind:
    """Return as much of a dataclass as the data holds; every field of it needs a default."""
    for _ in range(ROUNDS):
        try:
            return adapter(kind).validate_python(data)
        except ValidationError as error:
            wrong = [each["loc"] for each in error.errors(include_url=False, include_input=False)]
            data = without(data, {place(data, loc) for loc in wrong})
    return kind()


def place(data: object, loc: Sequence[int | str]) -> tuple[int | str, ...]:
    """Return the part of pydantic's path that leads through the data; it also names types."""
    found: list[int | str] = []
    for each in loc:
        if not isinstance(data, (Mapping, list, tuple)):
            break
        try:
            data = data[each]  # type: ignore[index] # of a list, a name is a TypeError, caught below
        except (LookupError, TypeError):
            break
        found.append(each)
    return tuple(found)


def without(
    data: object, wrong: set[tuple[int | str, ...]], here: tuple[int | str, ...] = ()
) -> object:
    """Return the data without the values at these places; nothing where the whole is wrong."""
    if () in wrong:
        return {}
    if isinstance(data, Mapping):
        kept = {k: v for k, v in data.items() if (*here, k) not in wrong}
        return {key: without(value, wrong, (*here, key)) for key, value in kept.items()}
    if isinstance(data, (list, tuple)):
        rows = [(n, v) for n, v in enumerate(data) if (*here, n) not in wrong]
        return [without(value, wrong, (*here, number)) for number, value in rows]
    return data
