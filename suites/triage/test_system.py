"""'When to Execute Rollback' and the decision matrix: what concerns the system as a whole."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Advisory, Inconclusive
from pytest_rollback.extras.triage import rules as triage
from pytest_rollback.extras.triage.recommendation import ROW, called
from pytest_rollback.extras.triage.rules import IncidentCase, row_of
from pytest_rollback.extras.triage.stated import Stated
from pytest_rollback.fixtures.triage import Observation, known, listed
from pytest_rollback.manifest.model import System

Keep = Callable[[str, object], None]
DECIDE = "follow the recommendation"


@criterion("triage.components.isolated", phase="prepare")
def test_failures_do_not_cascade(
    seen: Observation, case: IncidentCase, record_property: Keep
) -> None:
    """'Cascade failures across multiple systems': fewer than two components fail at once."""
    known(seen.latencies)
    record_property("failing", case.failing or "none")
    called(triage.cascade(case), record_property, hint=DECIDE)


@criterion("triage.severity.low", phase="prepare")
def test_no_user_is_affected(matrix: IncidentCase, record_property: Keep) -> None:
    """'Rollback Decision Matrix': no user is affected, and there was no downtime."""
    stated, row = matrix.stated, row_of(matrix)
    record_property("impact stated", "no" if stated.impact is None else f"{stated.impact:.0%}")
    record_property("impact measured", "no" if matrix.felt is None else f"{matrix.felt:.0%}")
    record_property(
        "downtime stated", "no" if stated.downtime is None else f"{stated.downtime:g} s"
    )
    if row:
        record_property(ROW, f"{row.name}: {row.action}")
    called(
        triage.severity(matrix),
        record_property,
        hint="pass what is known: rollback triage --impact=30% --downtime=4m",
    )

    if matrix.impact is None:
        raise Inconclusive(
            "user impact is unknown: rollback.toml has neither an edge nor requests",
            hint="pass it: rollback triage --impact=30%",
        )


@criterion("triage.security.sound", phase="prepare")
def test_no_vulnerability_is_known(stated: Stated, record_property: Keep) -> None:
    """'Security vulnerabilities discovered in new components': no vulnerability was reported."""
    record_property("stated", "--security" if stated.security else "nothing")
    called(
        triage.security(IncidentCase(stated=stated)),
        record_property,
        hint="if the rollback has to wait, isolate the component now",
    )


@criterion("triage.data.sound", phase="prepare")
def test_no_data_is_known_to_be_corrupt(stated: Stated, record_property: Keep) -> None:
    """'Data corruption or loss detected': no data corruption or loss was reported."""
    record_property("stated", "--data-corruption" if stated.corruption else "nothing")
    called(
        triage.corruption(IncidentCase(stated=stated)),
        record_property,
        hint="stop all writers; a dump is restored only with return = 'restore' in [database]",
    )


@criterion("triage.database.answers", phase="prepare", needs=("database",))
def test_the_database_answers(
    seen: Observation, case: IncidentCase, system: System, record_property: Keep
) -> None:
    """'Check database status': the database accepts connections."""
    record_property("database", system.database.name if system.database else "none described")
    known(seen.database)
    called(
        triage.database(case),
        record_property,
        hint="see the log of the database server, and start it: systemctl status postgresql",
    )


@criterion("triage.backups.intact", phase="prepare")
def test_the_backup_set_is_intact(
    seen: Observation, case: IncidentCase, record_property: Keep
) -> None:
    """'Confirm backup files exist': the backup set is complete and unchanged."""
    record = known(seen.backups).record
    record_property("backups", record.files)
    called(
        triage.backups(case),
        record_property,
        findings=listed(seen.backups),
        hint="rollback ready lists each fault with a remedy",
    )
    if record.spent:
        raise Advisory(
            f"the set is used up: run {record.spent} rolled it back already",
            hint="no rollback goes further back; the next deploy saves a new set before it copies "
            "files: rollback save",
        )
