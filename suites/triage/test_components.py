"""'When to Execute Rollback': what is measured of each component, held against the triggers."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive
from pytest_rollback.extras.triage import rules as triage
from pytest_rollback.extras.triage.recommendation import called
from pytest_rollback.extras.triage.rules import IncidentCase
from pytest_rollback.fixtures.triage import Observation, known, lost, restarted
from pytest_rollback.manifest.model import Component

Keep = Callable[[str, object], None]


@criterion("triage.performance.kept", phase="prepare")
def test_the_component_is_as_fast_as_it_was(
    seen: Observation, case: IncidentCase, component: Component, record_property: Keep
) -> None:
    """'System performance degraded >50% from baseline': every probe is close to its baseline."""
    measured = known(seen.latencies)
    series = list(measured.of(component))
    shares = {each.name: seen.slower(each) for each in series}
    record_property("slower by", {name: f"{share:.0%}" for name, (share, _) in shares.items()})
    called(
        triage.performance(case, component.name),
        record_property,
        findings=[said for share, said in shares.values() if said],
        hint=component.see_logs(),
    )
    silent = [each.name for each in series if not each.count]
    unknown = [each.name for each in series if not each.kept]

    if silent:
        raise Inconclusive(
            f"no response time: {', '.join(silent)} gave no answer",
            hint=component.see_logs(),
        )
    if measured.problem:
        raise Inconclusive(measured.problem.message, hint=measured.problem.hint)
    if unknown:
        raise Inconclusive(
            f"no baseline for {' and '.join(unknown)}",
            hint="pass --impact and --downtime; rollback ready stores a baseline while "
            "the system is healthy",
        )


@criterion("triage.answers.kept", phase="prepare")
def test_the_component_answers_as_it_should(
    seen: Observation, case: IncidentCase, component: Component, record_property: Keep
) -> None:
    """'System performance degraded >50%': the component answers its probes correctly."""
    series = list(known(seen.latencies).of(component))
    record_property("answers lost", {each.name: f"{lost(each):.0%}" for each in series})
    called(
        triage.answers(case, component.name),
        record_property,
        findings=[each.wrong for each in series if each.wrong],
        hint=component.see_logs(),
    )


@criterion("triage.components.up", phase="prepare")
def test_the_component_is_up(
    seen: Observation, case: IncidentCase, component: Component, record_property: Keep
) -> None:
    """'Critical component failures affecting user experience': the component is up and stays up."""
    state = seen.later[component.unit]
    record_property("unit", state.state)
    record_property("restarts", state.restarts)
    health = known(seen.latencies).series[component.health]
    called(
        triage.failure(case, component.name),
        record_property,
        findings=[
            f"{component.unit} is {state.state}: {state.detail}".removesuffix(": "),
            *restarted(seen, component),
            health.wrong,
        ],
        hint=component.see_logs(),
    )


@criterion("triage.logs.clean", phase="prepare")
def test_the_log_has_no_errors(
    seen: Observation, case: IncidentCase, component: Component, record_property: Keep
) -> None:
    """'Minor configuration issues': the log has no errors since the unit started."""
    found = known(seen.logs)[component.name]
    record_property("seen_s", round(found.seen, 1))
    record_property("lines", found.lines)
    called(
        triage.errors(case, component.name),
        record_property,
        findings=found.findings,
        hint=component.see_logs(),
    )

    if found.problem:
        raise Inconclusive(found.problem, hint=found.hint)
