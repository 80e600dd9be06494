"""Pre-rollback checklist: 'Verify rollback procedures tested'; the page itself, line by line."""

from __future__ import annotations

from collections.abc import Callable

from fixtures.runbook import RunbookCheck
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused

Keep = Callable[[str, object], None]


@criterion("readiness.runbook.true", phase="prepare")
def test_the_runbook_is_true(runbook: RunbookCheck | None, record_property: Keep) -> None:
    """'Verify rollback procedures tested': what the runbook names is there, and no line is a trap.

    Nothing of it is run. Where none is described there is nothing that could be wrong.
    """
    record_property("runbook", runbook.path if runbook else "no runbook described")
    record_property("named", dict(runbook.drift.named) if runbook else "nothing")
    missing = runbook.drift.missing if runbook else ()
    known = runbook.traps if runbook else ()
    unknown = runbook.drift.unknown if runbook else ()

    if missing or known:
        raise Refused(
            f"{len(missing)} things that the runbook names are not there, and {len(known)} of its "
            "lines do not do what they seem to",
            findings=[*missing, *known, *unknown],
            hint=f"correct these lines of {runbook.path if runbook else ''}",
        )
    if runbook and (unknown or not runbook.drift.named):
        raise Inconclusive(
            f"{len(unknown)} things that the runbook names could not be looked at"
            if unknown
            else "the runbook names nothing: it has no code blocks with commands",
            findings=unknown,
            hint=f"see the first of them, or correct {runbook.path}",
        )
