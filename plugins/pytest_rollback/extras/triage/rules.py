"""Is a rollback called for, and which kind? The procedure's triggers and its matrix, as pure rules.

Each rule looks at one thing and says what it calls for; the gravest of them is recommended, so
that the decision is total, and nothing that gets worse can make it milder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pytest_rollback.extras.triage.stated import Stated
from pytest_rollback.manifest.thresholds import RECOVERIES, Recovery, Severity, Triage, reaches

SILENT = (
    "the procedure has no rule between {low:.0%} and {high:.0%}: severity and impact decide ({row})"
)
CONTRADICTS = (
    "'Individual component issues' asks for isolation, but {name} is critical: 'Critical component "
    "failures' applies"
)


@dataclass(frozen=True)
class Symptoms:
    """What was measured of one component.

    Args:
        slower: by how much its slowest probe is slower than its baseline; 1.0 is twice as slow.
        lost: the share of wrong or missing answers, of the worst of its probes.
        down: its unit is not active, or its health probe is never answered as it should be.
        restarts: its unit was seen to start again while it was watched.
        errors: how many errors its log holds.
    """

    slower: float = 0.0
    lost: float = 0.0
    down: bool = False
    restarts: bool = False
    errors: int = 0


@dataclass(frozen=True)
class IncidentCase:
    """Everything that the decision is made of.

    Args:
        rules: `[triage]`.
        critical: components whose failure all users feel.
        components: the symptoms of each.
        felt: the share of what users do that fails, as measured; None where nobody could ask.
        stated: what people know.
        database, backups: what is wrong with them, "" when nothing is.
        unfinished: whether a rollback lies half done, which has used some of the backups.
    """

    rules: Triage = field(default_factory=Triage)
    critical: frozenset[str] = frozenset()
    components: Mapping[str, Symptoms] = field(default_factory=dict)
    felt: float | None = None
    stated: Stated = field(default_factory=Stated)
    database: str = ""
    backups: str = ""
    unfinished: bool = False

    @property
    def impact(self) -> float | None:
        """The share of users affected: the worse of what was stated and measured."""
        known = [each for each in (self.stated.impact, self.felt) if each is not None]
        return max(known, default=None)

    @property
    def failing(self) -> list[str]:
        """The components that are down, or worse than a rollback is called for."""
        most = self.rules.degraded
        return [
            name
            for name, each in self.components.items()
            if each.down or each.restarts or each.slower > most or each.lost > most
        ]

    def gravely(self, name: str) -> Recovery:
        """Return what is called for when this component alone fails."""
        return "roll back" if name in self.critical else "isolate"


@dataclass(frozen=True)
class FiredRule:
    """A rule that calls for something: what was measured, and the threshold it is beyond.

    `note` says where the procedure is silent, or contradicts itself.
    """

    action: Recovery
    measured: str
    threshold: str
    note: str = ""


def performance(case: IncidentCase, name: str) -> FiredRule | None:
    """'System performance degraded >50% from baseline' calls for a rollback, '<25%' does not."""
    share = case.components[name].slower
    return _graded(case, name, share, f"{name} is {share:.0%} slower than its baseline")


def answers(case: IncidentCase, name: str) -> FiredRule | None:
    """Answers that are lost are performance that is lost."""
    share = case.components[name].lost
    return _graded(case, name, share, f"{share:.0%} of the answers of {name} are wrong or missing")


def _graded(case: IncidentCase, name: str, share: float, measured: str) -> FiredRule | None:
    rules = case.rules
    if share > rules.degraded:
        return _failing(case, name, measured, f"more than {rules.degraded:.0%}")
    if share > rules.tolerated:
        row = row_of(case)
        note = SILENT.format(
            low=rules.tolerated, high=rules.degraded, row=row.name if row else "unknown"
        )
        return FiredRule("fix", measured, f"more than {rules.tolerated:.0%}", note)
    return None


def _failing(case: IncidentCase, name: str, measured: str, threshold: str) -> FiredRule:
    alone = case.failing == [name] and name in case.critical and len(case.components) > 1
    note = CONTRADICTS.format(name=name) if alone else ""
    return FiredRule(case.gravely(name), measured, threshold, note)


def failure(case: IncidentCase, name: str) -> FiredRule | None:
    """'Critical component failures' call for a rollback, 'individual component issues' do not."""
    found = case.components[name]
    if not found.down and not found.restarts:
        return None
    critical = "critical" if name in case.critical else "not critical"
    how = "is down" if found.down else "keeps restarting"
    return _failing(case, name, f"{name} {how}", f"always up; {name} is {critical}")


def errors(case: IncidentCase, name: str) -> FiredRule | None:
    """Errors in a log call for no rollback: 'Minor configuration issues'."""
    count = case.components[name].errors
    return FiredRule("fix", f"errors in the log of {name}: {count}", "none") if count else None


def cascade(case: IncidentCase) -> FiredRule | None:
    """'Cascade failures across multiple systems'."""
    names, most = case.failing, case.rules.cascade
    if len(names) < most:
        return None
    return FiredRule(
        "roll back", f"{len(names)} components failed: {', '.join(names)}", f"fewer than {most}"
    )


def severity(case: IncidentCase) -> FiredRule | None:
    """The decision matrix: the worse of impact and downtime counts."""
    row = row_of(case)
    if row is None or row.action == "monitor":
        return None
    columns = [f"{case.impact:.0%} of users affected"] if case.impact is not None else []
    down = case.stated.downtime
    columns += [f"{down:g} s of downtime"] if down is not None else []
    note = (
        f"impact and downtime are in different rows ({' and '.join(r.name for r in rows_of(case))})"
        ", and the procedure does not say which one counts: the worse row is used"
    )
    threshold = f"{row.name} from {row.impact} or {row.downtime}"
    return FiredRule(
        row.action, ", ".join(columns), threshold, note if len(rows_of(case)) > 1 else ""
    )


def row_of(case: IncidentCase) -> Severity | None:
    """Return the row of the matrix that holds, the worse one where its columns disagree."""
    return next(iter(rows_of(case)), None)


def rows_of(case: IncidentCase) -> list[Severity]:
    """Return the rows that hold for impact and for downtime, the worse one first."""
    rows, found = case.rules.severities, set()
    columns = (case.impact, "impact"), (case.stated.downtime, "downtime")
    for value, column in columns:
        if value is not None:
            fitting = (at for at, row in enumerate(rows) if reaches(value, getattr(row, column)))
            found.update({next(fitting, len(rows))} - {len(rows)})
    return [rows[at] for at in sorted(found)]


def security(case: IncidentCase) -> FiredRule | None:
    """'Security vulnerabilities discovered in new components'."""
    stated = case.stated.security
    return FiredRule("roll back", "stated by --security", "none stated") if stated else None


def corruption(case: IncidentCase) -> FiredRule | None:
    """'Data corruption or loss detected'."""
    stated = case.stated.corruption
    return FiredRule("roll back", "stated by --data-corruption", "none stated") if stated else None


def database(case: IncidentCase) -> FiredRule | None:
    """A database that does not answer is no loss yet, and no earlier release brings it back."""
    note = "a rollback does not repair a database: repair it first"
    return FiredRule("fix", case.database, "it answers", note) if case.database else None


def backups(case: IncidentCase) -> FiredRule | None:
    """'Confirm backup files exist': a rollback needs them, and is no remedy for them."""
    note = "a rollback is refused until the backup set is repaired"
    if case.unfinished:
        note = "a rollback is unfinished: the same command goes on, and names what it cannot use"
    return FiredRule("fix", case.backups, "no faults", note) if case.backups else None


EACH = (performance, answers, failure, errors)
WHOLE = (cascade, severity, security, corruption, database, backups)


def fired(case: IncidentCase) -> Iterator[FiredRule]:
    """Yield what every rule says that calls for something."""
    yield from (said for name in case.components for rule in EACH if (said := rule(case, name)))
    yield from (said for rule in WHOLE if (said := rule(case)))


def gravest(actions: Iterable[Recovery]) -> Recovery:
    """Return the gravest of what was called for; the mildest when nothing was."""
    return max(actions, key=RECOVERIES.index, default="monitor")


def decide(case: IncidentCase) -> Recovery:
    """Return what is recommended."""
    return gravest(each.action for each in fired(case))
