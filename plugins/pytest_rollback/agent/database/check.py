"""The database of the system: is it that of the dump, and could the dump be restored?"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from ..state.journal import entries
from ..state.lock import CHANGES, folder_of
from ..state.runs import record_of
from ..system import disk
from . import catalog, clone, load, sql_script, swap
from . import dump as dumps
from .catalog import Catalog, DatabaseNames
from .server import Server, directory, reached, way


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return whether the live database is that of the dump, and if not, what stands in the way.

    `digest` is the dump's, `problems` are in words, each with its hint. `rooms` are need and room
    of each file system, none where the server's disk is not ours to see. `swap` is how this run's
    swap went, None before it.
    """
    server = reached(question)
    wanted = catalog.names(question["name"], question.get("run") or "")
    found = catalog.look(server, wanted)
    live = found.databases.get(wanted.live)
    about = {
        "restored": False,
        "digest": "",
        "bytes": 0,
        "format": "",
        "role": found.role["name"],
        "size": live.row["size"] if live else None,
        "rooms": [],
        "swap": _written(question, "database swapped"),
        "problems": clone.lacking(found, wanted.live),
    }
    try:
        about.update(_judged(question, server, found, wanted))
    except OSError as error:
        why = f"the dump {question['dump']}: {error.strerror or 'cannot be read'}"
        about["problems"].append(clone.problem(why, "correct dump in [database], or make one"))
    return about


def _judged(
    question: dict[str, Any], server: Server, found: Catalog, wanted: DatabaseNames
) -> dict[str, Any]:
    """Return what is known of the dump, and whether it is live; a live one is not read again."""
    known = _written(question, swap.RESTORING)
    if known and known["stamp"] == load.stamp(question["dump"]):
        digest, size, kind = known["digest"], known["bytes"], known["format"]
    else:
        with load.opened(question["dump"]) as source:
            digest, size, kind = source.sha256, source.bytes, source.kind
    about = {"digest": digest, "bytes": size, "format": kind}
    if is_live(question, found, wanted, digest):
        return {**about, "restored": True, "problems": []}
    rooms = _rooms(question, server, found, size)
    said = [
        *clone.lacking(found, wanted.live),
        *clone.unsettable(server, found, wanted.live),
        *_unfit(question, kind),
        *(clone.problem(_short(room), "make room there") for room in rooms if not room["enough"]),
    ]
    return {**about, "rooms": rooms, "problems": said}


def _short(room: dict[str, Any]) -> str:
    return (
        f"{room['mount']} is too small for a second copy of the database: it needs "
        f"{room['need']:,} bytes, {room['free']:,} are free"
    )


def _written(question: dict[str, Any], event: str) -> dict[str, Any] | None:
    """Return the latest entry of an event in the journal of the question's run."""
    folder = folder_of(question)
    written = entries(os.path.join(folder, CHANGES)) if folder else []
    return next((each for each in reversed(written) if each["event"] == event), None)


def is_live(question: dict[str, Any], found: Catalog, wanted: DatabaseNames, digest: str) -> bool:
    """Tell whether the live database was restored from this dump, since this backup set is."""
    live = found.databases.get(wanted.live)
    mark = live.mark if live else None
    return mark is not None and (mark.state, mark.dump, mark.record) == (
        "live",
        digest,
        record_of(question["state"])[:16],
    )


def _rooms(
    question: dict[str, Any], server: Server, found: Catalog, size: int
) -> list[dict[str, Any]]:
    """Return need and room on the server's disk; nothing where that is not ours to see."""
    place, live = directory(server), found.databases.get(question["name"])
    if not place:
        return []
    held = (live.row["size"] or 0) if live else 0
    needs = [{"path": place, "bytes": max(held, 2 * size)}]
    if os.path.isdir(question["dump"]) and server.account:
        needs.append({"path": tempfile.gettempdir(), "bytes": size})
    return disk.look({"needs": needs})


def _unfit(question: dict[str, Any], kind: str) -> list[dict[str, str]]:
    """Return why a dump cannot be relied on, read to its end; or would do more than it should."""
    path = question["dump"]
    found = dumps.look({**question, "path": path})
    hint = "make it again: pg_dump -Fc, with umask 077"
    if kind and not found["tool"]:
        hint = way(dumps.TOOLS.get(kind, dumps.ARCHIVER), question["tools"])
    said = [clone.problem(f"the dump {path} {words}", hint) for words in found["problems"]]
    if found["timed_out"]:
        late = f"the dump {path} could not be read in {question['timeout']:.0f} s"
        said.append(clone.problem(late, "keep a standby, or set a larger rto"))
    if not said and kind in dumps.TOOLS:
        said += _leaving(path, kind)
    return said


def _leaving(path: str, kind: str) -> list[dict[str, str]]:
    """Return what a plain dump would do outside of the database that it is restored into."""
    text = dumps.blocks(dumps.Dump(path, kind, 0, 0.0, ""), float("inf"))
    found = sql_script.read(sql_script.lines_of(text))
    said = [f"the dump {path} would leave the database: {each}" for each in found.refused]
    if not found.tables:
        said.append(f"the dump {path} makes no table")
    hint = "make it again without --create, of one database: pg_dump -Fc, never pg_dumpall"
    return [clone.problem(words, hint) for words in said[: sql_script.MOST]]
