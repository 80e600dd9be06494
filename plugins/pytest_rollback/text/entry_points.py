"""What other packages bring, by their entry points: parts with hooks, and service managers.

A package that cannot be loaded is named in `problems`, and ends no session by itself: it may lie
beside tests of somebody who wants nothing of us.
"""

from __future__ import annotations

import functools
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

PARTS = "pytest_rollback.parts"
"""Modules that implement hooks of `run/hookspecs.py`, by the name of the part."""

MANAGERS = "pytest_rollback.managers"
"""Each a `ManagerSource`, by what `[services] manager` of a rollback.toml calls it."""


class ManagerSource(NamedTuple):
    """A service manager of another package: what is sent to the host, and what it needs there.

    Args:
        path: the module, which runs on the host as one of the package that
            `agent/services/manager.py` is in: standard library, Python 3.8, relative imports.
        kind: the name of its class, which has the methods of `ServiceManager`.
        command: the program that it needs, "" for none.
        verifier: a program that checks unit files as `systemd-analyze verify` does, "" for none.
    """

    path: Path
    kind: str
    command: str = ""
    verifier: str = ""


class Brought(NamedTuple):
    """What was loaded of a group of entry points, and what cannot be."""

    found: dict[str, Any]
    problems: tuple[str, ...]


def parts() -> dict[str, ModuleType]:
    """Return the modules of parts by name."""
    return _brought(PARTS, ModuleType).found


def managers() -> dict[str, ManagerSource]:
    """Return the service managers by name."""
    return _brought(MANAGERS, ManagerSource).found


def problems() -> tuple[str, ...]:
    """Return a sentence for each part that cannot be loaded."""
    return _brought(PARTS, ModuleType).problems


@functools.cache
def _brought(group: str, kind: type[object]) -> Brought:
    found, wrong = {}, []
    for each in entry_points(group=group):
        value, why = _load(each)
        if isinstance(value, kind) and each.name.isidentifier():
            found[each.name] = value
        else:
            wrong.append(why or f"it is no {kind.__name__}, or {each.name!r} is no name")
            wrong[-1] = f"{each.name!r} of {_package(each)} cannot be loaded: {wrong[-1]}"
    return Brought(found, tuple(wrong))


def _load(entry: EntryPoint) -> tuple[object, str]:
    """Return what an entry point names, and why that cannot be loaded."""
    try:
        return entry.load(), ""
    except Exception as error:  # noqa: BLE001 - whatever the module of somebody else does
        return None, f"{type(error).__name__}: {error}"


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "a package"
