"""From `rollback.toml` to frozen data, or every problem in it at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest import validation
from pytest_rollback.manifest.model import System

AT = re.compile(r"\(at line (\d+), column \d+\)")


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
    except (OSError, ValueError) as error:
        raise ManifestError(
            f"{path}: cannot be read: {getattr(error, 'strerror', error)}",
            hint="name a rollback.toml, or the sandbox: --rollback-target=PATH|sandbox",
        ) from error
    return Loaded(parse(toml(raw, str(path)), str(path)), path, hashlib.sha256(raw).hexdigest())


def toml(raw: bytes, source: str) -> dict[str, Any]:
    """Return the document that bytes hold.

    Raises:
        ManifestError: they are no TOML; with the line.
    """
    number = 0
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        why, number = f"{error.reason}, expected UTF-8", raw[: error.start].count(b"\n") + 1
    except tomllib.TOMLDecodeError as error:
        why, found = str(error), AT.search(str(error))
        number = int(found[1]) if found else len(raw.splitlines())
    line = raw.splitlines()[number - 1 : number]
    raise ManifestError(
        f"{source}: is no TOML: {why}",
        hint=f"correct line {number} of {source}",
        findings=[
            f"line {number}: {ascii(each.decode('utf-8', 'replace'))[1:-1]}" for each in line
        ],
    )


def parse(document: Mapping[str, Any], source: str) -> System:
    """Return the system that a document describes.

    Raises:
        ManifestError: with one finding per problem, all of them.
    """
    problems = list(validation.across(document))
    system = None
    try:
        system = System.model_validate(_frozen(document))
    except ValidationError as error:
        problems = [validation.line(each) for each in error.errors()] + problems
    if problems or system is None:
        raise ManifestError(
            f"{source}: describes no system that can be used; problems: {len(problems)}",
            hint=f"correct {source}; docs/manifest.md explains every key",
            findings=problems,
        )
    return system


def _frozen(value: Any) -> Any:  # noqa: ANN401 - any TOML in, the same with tuples out
    if isinstance(value, Mapping):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
