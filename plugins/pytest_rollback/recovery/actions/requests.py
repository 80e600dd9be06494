"""What every question of an action states: where the system is, whose files, which units."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.messages.location import Location, Selection
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery.action import Change, Scope
from pytest_rollback.transport.call import AnyCall, legacy

PATIENT = 120.0
"""Seconds for a look that reads many files."""

BYTES_A_SECOND = 100e6
FILES_A_SECOND = 1000


def location(scope: Scope) -> Location:
    """Return where the system lies on its host, with the run that was begun there."""
    return requests.location(scope.system, scope.run)


def selection(scope: Scope) -> Selection:
    """Return which recorded files are rolled back."""
    return requests.selection(scope.system, scope.owners)


def place(scope: Scope) -> dict[str, Any]:
    """Return where the files are and whose are meant; `state` and `run` are added by who asks."""
    about = scope.system.about
    return {
        "root": about.root,
        "suffix": about.suffix,
        "components": [
            {"name": c.name, "patterns": list(c.files)} for c in scope.system.components
        ],
        "only": list(scope.owners),
        "configuration": configuration(scope.system),
        "git": scope.system.fallback.git,
        "secrets": list(about.secrets),
    }


def configuration(system: System) -> list[str]:
    """Return the paths that are restored in the configuration phase; directories with all below."""
    source = system.services.source
    return [*system.configuration.files, *([source] if source else [])]


def manager(system: System) -> dict[str, Any]:
    """Return how the service manager is asked."""
    return {"manager": system.services.manager, "socket": system.services.socket}


def probe(system: System, name: str) -> dict[str, Any]:
    """Return a probe as the agent is asked it."""
    return system.probes[name].model_dump(by_alias=True, mode="json")


def call(scope: Scope, asked: str, seconds: float = PATIENT, **more: object) -> AnyCall:
    """Return the call of a route about the scope."""
    about = scope.system.about
    return legacy(asked, seconds, **{"state": about.state, "run": scope.run, **more})


def copying_time(files: int, size: int = 0) -> float:
    """Return the seconds that files of so many bytes in all are expected to take."""
    return 0.2 + size / BYTES_A_SECOND + files / FILES_A_SECOND


def counted(number: int, noun: str) -> str:
    """Return how many of something there are, for people."""
    return f"{number} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Return the plural of one of our words."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def some(paths: list[str]) -> str:
    """Return the first of some paths, and how many more there are, for people."""
    shown = ", ".join(ascii(path)[1:-1] for path in paths[:3])
    return f"{shown} and {len(paths) - 3} more" if len(paths) > 3 else shown  # noqa: PLR2004


def moving(
    scope: Scope, asked: str, what: str, paths: list[str], *, why: str, **more: object
) -> Change:
    """Return the change that moves files into the evidence; `asked` is its route."""
    moved = call(scope, asked, scope.system.budgets.files, **place(scope), **more)
    return Change(moved, what, why, copying_time(len(paths)))
