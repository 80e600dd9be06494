"""The stamp of the previous release on the live schema: kept in the state directory, and shown."""

from __future__ import annotations

import hashlib
import json
from typing import Union

from ...state import directory as places
from ..postgresql.server import reached
from ..stamp import StampFile, subject
from . import schema
from .messages import PreviousLookRequest, PreviousRequest, PreviousRun, PreviousState

PREVIOUS = StampFile("previous.json", "run", PreviousRun)
read, write = PREVIOUS.read, PREVIOUS.write


def look(request: PreviousLookRequest) -> PreviousState:
    """Return the last run of the previous release, and what it would have to be about today.

    Raises:
        HostError: the server does not answer, or the stamp cannot be trusted.
    """
    state = request.location.state
    last = read(state)
    head, about = schema.head(reached(request.database)), subject(request.database)
    return PreviousState(last, head, places.record_of(state), about, digest(request))


def digest(request: Union[PreviousRequest, PreviousLookRequest]) -> str:
    """Return what tells apart what is asked: probes, patience, their order, and migrations back."""
    asked = [request.components, *([request.migrated] if request.migrated else [])]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def runs_well(run: PreviousRun) -> bool:
    """Return whether the previous release was seen to run on a database."""
    return bool(run.runs and run.connections) and not (
        run.effects or any(each.problem for each in run.runs)
    )
