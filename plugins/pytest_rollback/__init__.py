"""Prove that a deployment can be rolled back: before the deploy, in a drill, and afterwards.

What a criterion of your own needs is imported from here. `criterion` gives a test its stable id;
`Refused` is raised for what is not met, `Inconclusive` for what could not be looked at, `Advisory`
for what is only worth telling. `System`, `Component` and `Probe` are what rollback.toml describes.
A part of another package answers hooks with `ExtraOption`, `Command`, `PlacedAction` or
`ResultText`; a service manager of its own is a `ManagerSource`. See docs/extend.md.

Names are loaded when they are first used: pytest loads this package in every session.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_rollback.criteria import criterion
    from pytest_rollback.errors import Advisory, Inconclusive, Refused, RollbackError
    from pytest_rollback.manifest.model import Component, Probe, System
    from pytest_rollback.run.extra_types import (
        Command,
        ExtraOption,
        PlacedAction,
        ResultText,
        RunResult,
    )
    from pytest_rollback.run.hookspecs import hookimpl
    from pytest_rollback.text.entry_points import ManagerSource

__all__ = [
    "Advisory",
    "Command",
    "Component",
    "ExtraOption",
    "Inconclusive",
    "ManagerSource",
    "PlacedAction",
    "Probe",
    "Refused",
    "ResultText",
    "RollbackError",
    "RunResult",
    "System",
    "criterion",
    "hookimpl",
]

_HOMES = {
    **dict.fromkeys(("Component", "Probe", "System"), "manifest.model"),
    **dict.fromkeys(("Advisory", "Inconclusive", "Refused", "RollbackError"), "errors"),
    **dict.fromkeys(
        ("Command", "ExtraOption", "PlacedAction", "ResultText", "RunResult"), "run.extra_types"
    ),
    "ManagerSource": "text.entry_points",
    "criterion": "criteria",
    "hookimpl": "run.hookspecs",
}


def __getattr__(name: str) -> object:
    """Load one of our names from the module where it is at home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
