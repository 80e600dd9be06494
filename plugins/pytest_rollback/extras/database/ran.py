"""Whether the previous release was seen to run on the live schema: by the stamp on the host."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_rollback.agent.database.previous.messages import PreviousRun, PreviousState, ReleaseRun
from pytest_rollback.errors import Inconclusive, Refused, RollbackError
from pytest_rollback.extras.database.rehearsed import days, moment
from pytest_rollback.manifest.thresholds import DatabaseRehearsal
from pytest_rollback.run.command_line.shared import shown as said

AGAIN = "rollback rehearse --previous"
ROWS = ("", "schema", "sample", "full")
"""How much of the live database is copied, the least first."""

BOTH = (
    "a permission or a file that is lacking: mend that. The schema: change the migration so that "
    "both releases run on it, and deploy again: add first, take away in a later release; or "
    f"return = 'restore' in [database] brings back the dump, with what is lost; then {AGAIN}"
)
"""What to do where the previous release does not run."""

BACK = (
    "a permission or a file that is lacking: mend that. The schema: correct the way back, down in "
    "[database.migrate] and the migrations that it runs; or return = 'restore' in [database] "
    "brings back the dump, with what is lost; then rollback rehearse"
)
"""The same, where a copy was migrated back before it was started."""


def stale(found: PreviousState, wanted: DatabaseRehearsal, now: float) -> str:
    """Return why the last run says nothing of today, "" where it does.

    `now` is in seconds since 1970.
    """
    last = found.last
    if last is None:
        return "the previous release was not started on a copy of the live schema"
    if last.subject != found.subject:
        return f"the last run, {moment(last.when)}, was on another database: {last.subject}"
    for then, today, words in (
        (last.record, found.record, "was of another backup set"),
        (last.head, found.head, "was on another schema than the live one is now"),
        (
            last.asked,
            found.asked,
            "asked other things than [[components]], [probes] and [database.migrate] do now",
        ),
    ):
        if then != today:
            return f"the last run, {moment(last.when)}, {words}"
    age = now - last.when
    if ROWS.index(last.rows) < ROWS.index(wanted.previous):
        return f"the last run had less of the rows: {last.rows}, not {wanted.previous}"
    return f"the last run was {days(age)} ago" if age > wanted.max_age else ""


def is_proven(found: PreviousState, wanted: DatabaseRehearsal, now: float) -> bool:
    """Return whether the previous release was seen to run on the schema of today."""
    last = found.last
    good = last and last.runs and last.connections and not failed(last) and not last.effects
    return bool(good) and not stale(found, wanted, now)


def failed(run: PreviousRun | None) -> list[ReleaseRun]:
    """Return the components that did not answer as they should."""
    return [each for each in run.runs if each.problem] if run else []


def on_schema(run: PreviousRun, *, back: bool) -> str:
    """Return on which schema it was started; `back` tells that a copy was migrated back before."""
    if back:
        return f"the schema that [database.migrate] brings back from {run.current}"
    return f"the schema that {run.current} left"


def judge(run: PreviousRun | None, *, back: bool = False) -> None:
    """Say that the previous release runs; `back` tells that a copy was migrated back before.

    Raises:
        Refused: it does not, and the live one does; or it does harm to the database.
        Inconclusive: neither does, or it has not asked its database anything.
    """
    if run is None:
        return
    wrong = failed(run)
    lives = {each.component for each in run.control if not each.problem}
    if any(each.component in lives for each in wrong):
        raise Refused(
            f"release {run.previous} does not run on {on_schema(run, back=back)}",
            findings=list(findings(wrong)),
            hint=BACK if back else BOTH,
        )
    if wrong or not run.runs:
        here = f" on {on_schema(run, back=True)}," if back else ""
        raise Inconclusive(
            f"neither {run.previous}{here} nor the live release answers on a copy of the live "
            "schema: whether it is the schema cannot be told",
            findings=list(findings(wrong)),
            hint="see the lines above: what both need beside the database is not there, or the "
            "live one does not start on its own schema either; with rows: "
            'previous = "sample" or "full" in [database.rehearsal]; or waive '
            "readiness.previous.runs in [[waivers]] of rollback.toml",
        )
    if run.effects:
        raise harmful(run, BACK if back else BOTH)
    if not run.connections:
        raise Inconclusive(
            f"release {run.previous} answers, and has not once connected to its database: whether "
            "it runs on this schema was not asked",
            hint="give components requests that read or write what users do: requests in "
            f"[[components]]; then {AGAIN}",
        )
    said(f"RUNS: release {run.previous} answers on {on_schema(run, back=back)}")


def harmful(run: PreviousRun, way: str) -> RollbackError:
    """Return that a release answers, and does to its database what the live one does not.

    `way` is what to do about a statement that fails.
    """
    compared = not any(each.problem for each in run.control)
    kind = Refused if compared else Inconclusive
    other = "what the live release does not" if compared else "this, and the live one does not run"
    return kind(
        f"release {run.previous} answers, and does to its database {other}",
        findings=list(run.effects),
        hint="rows and columns that it takes away would be lost although the database is kept: "
        f"have it not migrate when it starts. A statement that fails: {way}",
    )


def findings(wrong: list[ReleaseRun]) -> Iterator[str]:
    """Yield what is wrong with each component, and what it said last."""
    for each in wrong:
        yield f"{each.component}: {each.problem}"
        yield from (f"{each.component} said: {line}" for line in each.last)


def lines(run: PreviousRun, *, back: bool = False) -> Iterator[str]:
    """Yield what a run was; `back` is as in `judge`."""
    where = on_schema(run, back=True) if back else f"the schema of {run.current}"
    yield f"started on {moment(run.when)}: release {run.previous}, on {where}"
    server = f"a PostgreSQL {run.server} of its own, rows: {run.rows}"
    yield f"  server     {server}, {run.seconds:.1f} s in all"
    for each in run.runs:
        yield f"  {each.component:<10} {each.problem or 'answers: ' + ', '.join(each.asked)}"
    for effect in run.effects:
        yield f"  database   {effect}"
    for gap in run.gaps:
        yield f"  differs    {gap}"


def shown(found: PreviousState | None) -> dict[str, object] | None:
    """Return the last run as a report has it; None where there was none."""
    if found is None or found.last is None:
        return None
    runs = [each._asdict() for each in found.last.runs]
    control = [each._asdict() for each in found.last.control]
    when = moment(found.last.when)
    return {**found.last._asdict(), "when": when, "runs": runs, "control": control}
