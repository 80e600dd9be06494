"""Units stopped, started and reloaded under the lock, each written down in the run's journal."""

from __future__ import annotations

from typing import Any

from . import units
from .working import noted


def stop(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `units.stop`: see `units.stop`."""
    with noted(question, "stop", unit=question["unit"]):
        return units.stop(question)


def start(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `units.start`: see `units.start`."""
    with noted(question, "start", unit=question["unit"]):
        return units.start(question)


def reload(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `units.reload`: see `units.reload`."""
    with noted(question, "reload"):
        return units.reload(question)
