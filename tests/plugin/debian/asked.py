"""Calls one function of the agent where it is started, and prints its answer as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from pytest_rollback.agent.backup.strategies.packages import (
    change,
    previous,
    record,
    recorded,
)
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.packages import PackagesRequest
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.rollback.undo import UndoRequest
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import backup_set
from pytest_rollback.agent.system.package_owners import listings


def plain(found: Any) -> Any:  # noqa: ANN401 - answers of several kinds
    """Return an answer as plain data, with the names of its fields."""
    if hasattr(found, "_asdict"):
        return {name: plain(value) for name, value in found._asdict().items()}
    if isinstance(found, (list, tuple)):
        return [plain(each) for each in found]
    return found


def answered(function: str, location: Location, more: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return what a function answers, or its error."""
    more = {key: tuple(each) if isinstance(each, list) else each for key, each in more.items()}
    request = PackagesRequest(location, **more)
    known: dict[str, Callable[[], Any]] = {
        "look": lambda: change.look(request),
        "return": lambda: change.apply(request),
        "previous": lambda: previous.previous(request).parts,
        "record": lambda: record.record(request),
        "listings": lambda: listings(
            (one.name, one.architecture) for one in recorded.of(backup_set.read(location.state))
        ),
        "undo": lambda: undo.undo(UndoRequest(location)),
        "look_undo": lambda: undo.look(UndoRequest(location)),
    }
    try:
        return plain(known[function]())
    except HostError as error:
        return {"error": error.message, "hint": error.hint, "kind": error.kind}


if __name__ == "__main__":
    name, where, about = sys.argv[1:]
    sys.stdout.write(json.dumps(answered(name, Location(*json.loads(where)), json.loads(about))))
