"""From `rollback.toml` to frozen data, or every problem in it at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.document import TomlTable, decoded, frozen, one_line
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.problems import roots, validation
from pytest_rollback.text import named_files
from pytest_rollback.text.places import manual

MOST = 4 << 20
"""Bytes of a manifest; one with every key commented has some thousands."""


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
        raw = named_files.content(path, MOST)
    except (OSError, ValueError) as error:
        raise ManifestError(
            f"{path}: cannot be read: {getattr(error, 'strerror', error)}",
            hint="rollback init writes one about this host; another one is named by "
            "--rollback-target=PATH, the sandbox by --rollback-target=sandbox",
        ) from error
    return Loaded(parse(decoded(raw, str(path)), str(path)), path, hashlib.sha256(raw).hexdigest())


def parse(document: TomlTable, source: str) -> System:
    """Return the system that a document describes.

    Raises:
        ManifestError: with one finding per problem, all of them.
    """
    places = roots.resolved(document)
    problems = [*validation.across(document), *places.problems]
    system = None
    try:
        system = System.model_validate(frozen(places.document))
    except ValidationError as error:
        problems = [*validation.lines(error.errors()), *problems]
    if problems or system is None:
        raise ManifestError(
            f"{source}: problems: {len(problems)}",
            hint=f"correct {source}; {manual()} explains every key",
            findings=[one_line(each) for each in problems],
        )
    return system
