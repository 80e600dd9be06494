"""What a restore of a dump goes by, whatever the engine: the backup set, the journal, the clock."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, Iterable, Iterator, List, Optional

from ..errors import HostError
from ..files import reach
from ..files.state import ABSENT, live
from ..files.tree import Tree
from ..messages.location import Location
from ..state import backup_set
from ..state.journal import entries
from ..state.lock import CHANGES, folder_of
from ..state.runs import record_of
from .messages import DatabaseProblem


def written(location: Location, event: str) -> Optional[Dict[str, Any]]:
    """Return the latest entry of an event in the journal of the location's run."""
    folder = folder_of(location)
    found = entries(os.path.join(folder, CHANGES)) if folder else []
    return next((each for each in reversed(found) if each["event"] == event), None)


def record_start(location: Location) -> str:
    """Return the first characters of the record's digest, as a restored database is marked."""
    return record_of(location.state)[:16]


def late(location: Location, path: str) -> Iterator[DatabaseProblem]:
    """Yield that a dump was made of the release that is to be rolled back, where that is certain.

    It is certain where that release is live, and the dump younger than all that it has put there.
    """
    if not is_deployed(location):
        return
    try:
        record = backup_set.read(location.state)
    except HostError:  # other criteria are about the record
        return
    there = {os.path.join(location.root, each.path) for each in record.files}
    there |= {os.path.join(location.root, each) for each in record.added}
    deployed = max(map(_changed, there), default=0.0)
    made = reach.status(path).st_mtime
    if deployed and made > deployed:
        yield DatabaseProblem(
            f"the dump {path} was made at {_when(made)}, after {record.current.name} was deployed "
            f"at {_when(deployed)}: a restore would bring back the database of that release",
            "dump before a deploy copies its first file; return = 'keep' in [database] rolls back "
            "without the database",
        )


def of_dump(
    problems: Iterable[DatabaseProblem], location: Location, path: str
) -> List[DatabaseProblem]:
    """Return problems without that a dump is late: before the next deploy it is not.

    Which deploy a dump is for nobody knows when it is rehearsed; readiness and the restore ask
    once there is a record of it.
    """
    others = {*late(location, path)}
    return [each for each in problems if each not in others]


def _changed(path: str) -> float:
    """Return when a file was last changed or put there, 0 where there is none."""
    try:
        return reach.status(path, follow=False).st_ctime
    except OSError:
        return 0.0


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def is_deployed(location: Location) -> bool:
    """Return whether the release after the recorded one is live: then it may have migrated."""
    try:
        record = backup_set.read(location.state)
    except HostError:  # nothing is recorded, or other criteria tell why it cannot be read
        return False
    try:
        with Tree(location.root) as tree:
            files = ((saved, live(tree, saved.path, saved.size)) for saved in record.files)
            changed = any(not there.has_content(saved) for saved, there in files)
            return changed or any(live(tree, path, 0).kind != ABSENT for path in record.added)
    except OSError:  # its root is gone
        return True
