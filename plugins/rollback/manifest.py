"""From `rollback.toml` to frozen data, or every problem in it at once."""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rollback.errors import ManifestError
from rollback.model import System

KEYS = frozenset(
    (info.alias or name)
    for model in [System, *(each for each in System.__base__.__subclasses__())]  # type: ignore[union-attr]
    for name, info in model.model_fields.items()
)


@dataclass(frozen=True)
class Loaded:
    """A manifest as it was read: the system, where from, and the hash a report states."""

    system: System
    path: Path
    sha256: str


def load(path: Path) -> Loaded:
    """Return the manifest in a file.

    Raises:
        ManifestError: it is missing, unreadable, no TOML, or describes no usable system.
    """
    try:
        raw = path.read_bytes()
        document = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise ManifestError(
            f"{path}: cannot be read: {error.strerror}",
            hint="name a rollback.toml with --rollback-target=PATH, or use --rollback-target=sandbox",
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManifestError(f"{path}: is no TOML: {error}", hint="correct this place") from error
    return Loaded(parse(document, str(path)), path, hashlib.sha256(raw).hexdigest())


def parse(document: Mapping[str, Any], source: str) -> System:
    """Return the system that a document describes.

    Raises:
        ManifestError: with one line per problem, all of them.
    """
    problems = list(_across(document))
    system = None
    try:
        system = System.model_validate(_frozen(document))
    except ValidationError as error:
        problems = [_line(each) for each in error.errors()] + problems
    if problems or system is None:
        lines = "\n".join(f"{source}: {problem}" for problem in problems)
        raise ManifestError(lines, hint=f"correct {source}; docs/manifest.md explains every key")
    return system


def _frozen(value: Any) -> Any:  # noqa: ANN401 - any TOML in, the same with tuples out
    if isinstance(value, Mapping):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _key(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".")


def _line(error: ErrorDetails) -> str:
    """Return a pydantic error as: key, what was found, what was expected."""
    where = _key(error["loc"])
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(error["loc"][-1]), KEYS, 1)
        return f"{where}: unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
    if error["type"] == "missing":
        return f"{where}: missing"
    wanted = error["msg"].removeprefix("Value error, ")
    return f"{where}: found {error['input']!r}, {wanted[0].lower()}{wanted[1:]}"


def _across(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what no single key shows, from a document that may be wrong in any way."""
    listed = document.get("components")
    components = (
        [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    for key in ("name", "unit"):
        counted = Counter(str(each.get(key)) for each in components if key in each)
        yield from (
            f"components: {n} have the {key} {value!r}" for value, n in counted.items() if n > 1
        )
    yield from _probe_problems(document.get("probes"), components)


def _probe_problems(probes: object, components: list[dict[str, Any]]) -> Iterator[str]:
    known = probes if isinstance(probes, dict) else {}
    for index, component in enumerate(components):
        requests = component.get("requests")
        named = [component.get("health"), *(requests if isinstance(requests, list) else [])]
        for name in named:
            if isinstance(name, str) and name not in known:
                yield f"components[{index}]: probe {name!r} is not among the probes: {sorted(known)}"
    for name, probe in known.items():
        if isinstance(probe, dict) and len({"url", "tcp", "command"} & probe.keys()) != 1:
            yield f"probes.{name}: expected exactly one of url, tcp and command"
