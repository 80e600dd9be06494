"""'Database migration not reverted': the previous release was seen to run on the live schema."""

from __future__ import annotations

import time
from collections.abc import Callable

from pytest_rollback.agent.database.previous.messages import PreviousState
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive
from pytest_rollback.extras.database import ran
from pytest_rollback.manifest.model import System


@criterion("readiness.previous.runs", phase="validate", needs=("database.rehearsal.previous",))
def test_the_previous_release_runs_on_the_live_schema(
    previous_state: PreviousState | None,
    system: System,
    record_property: Callable[[str, object], None],
) -> None:
    """'Database migration not reverted': started beside the live system, it answers its users."""
    record_property("previous release", ran.shown(previous_state))
    if previous_state is None or system.database is None:
        return

    why = ran.stale(previous_state, system.database.rehearsal, time.time())
    if why:
        raise Inconclusive(
            f"nobody has seen the previous release run on the live schema: {why}", hint=ran.AGAIN
        )
    ran.judge(previous_state.last, back=system.database.migrates)
