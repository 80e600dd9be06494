"""Prove that a deployment can be rolled back: before the deploy, in a drill, and afterwards.

What a criterion of your own needs is imported from here. `criterion` gives a test its stable id;
`Refused` is raised for what is not met, `Inconclusive` for what could not be looked at, `Advisory`
for what is only worth telling. `System`, `Component` and `Probe` are what rollback.toml describes.

Names are loaded when they are first used: pytest loads this package in every session.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_rollback.criteria import criterion
    from pytest_rollback.errors import Advisory, Inconclusive, Refused, RollbackError
    from pytest_rollback.manifest.model import Component, System
    from pytest_rollback.manifest.probes import Probe

__all__ = [
    "Advisory",
    "Component",
    "Inconclusive",
    "Probe",
    "Refused",
    "RollbackError",
    "System",
    "criterion",
]

_HOMES = {
    **dict.fromkeys(("Component", "System"), "manifest.model"),
    "Probe": "manifest.probes",
    **dict.fromkeys(("Advisory", "Inconclusive", "Refused", "RollbackError"), "errors"),
    "criterion": "criteria",
}


def __getattr__(name: str) -> object:
    """Load one of our names from the module where it is at home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
