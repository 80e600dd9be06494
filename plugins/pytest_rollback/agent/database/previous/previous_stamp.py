"""The stamp of the previous release on the live schema: kept in the state directory, and shown."""

from __future__ import annotations

import json
import os
from typing import Optional

from ...errors import HostError, failed
from ...files.handles import Irregular, open_regular
from ...protocol import decode
from ...state import backup_set
from ...state import directory as places
from ..postgresql.server import reached
from ..stamp import DAMAGE, MOST, again, subject
from . import schema
from .messages import PreviousLookRequest, PreviousRun, PreviousState

NAME = "previous.json"
FORMAT = 1


def look(request: PreviousLookRequest) -> PreviousState:
    """Return the last run of the previous release, and what it would have to be about today.

    Raises:
        HostError: the server does not answer, or the stamp cannot be trusted.
    """
    state = request.location.state
    last = read(state)
    head = schema.head(reached(request.database))
    return PreviousState(last, head, places.record_of(state), subject(request.database))


def read(state: str) -> Optional[PreviousRun]:
    """Return the last run, None where there was none.

    Raises:
        HostError: others can write the stamp, or it is damaged.
    """
    path = os.path.join(state, NAME)
    try:
        directory = places.opened(state)
    except places.Absent:
        return None
    try:
        opened = open_regular(directory, NAME)
    except FileNotFoundError:
        return None
    except (Irregular, OSError) as error:
        raise HostError(f"the stamp {path} cannot be read: {error}", again(path)) from error
    finally:
        os.close(directory)
    with os.fdopen(opened, "rb") as file:
        found = os.fstat(opened)
        if found.st_mode & places.OTHERS or found.st_uid not in {0, os.geteuid()}:
            raise HostError(f"the stamp {path} can be written by others", again(path))
        raw = file.read(MOST)
    try:
        document = json.loads(raw)
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r} instead of {FORMAT}")
        return decode(PreviousRun, [document["run"][name] for name in PreviousRun._fields])
    except (HostError, *DAMAGE) as error:
        raise HostError(f"the stamp {path} is damaged: {error}", again(path)) from error


def write(state: str, run: PreviousRun) -> None:
    """Put a stamp in the place of the one there. Atomic, durable, 0600.

    Raises:
        HostError: the state directory cannot be used.
    """
    document = {"format": FORMAT, "run": run._asdict()}
    directory = places.made(state)
    try:
        backup_set.replace(directory, NAME, json.dumps(document, indent=1).encode() + b"\n")
    except OSError as error:
        raise failed(error, os.path.join(state, NAME)) from error
    finally:
        os.close(directory)
