"""Post-rollback actions: 'Monitor system for 15 minutes minimum', and what is watched meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.checks import soak as checks_soak
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.fixtures.monitor import SoakResult
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.text.quantities import count

Keep = Callable[[str, object], None]
LONGER = "run rollback monitor again to its end, with a stable connection"


def enough(monitored: SoakResult, record_property: Keep) -> None:
    """Raise when the soak was too short; leave its length as evidence.

    Raises:
        Inconclusive: too short, stopped, given up, or too many samples missed.
    """
    soak = monitored.soak
    record_property("watched_s", round(soak.lasted, 1))
    record_property("samples", len(soak.samples))
    record_property("samples missed", len(soak.missed))
    if soak.plan.scale > 1:
        record_property("clock", f"{soak.plan.scale:g} times faster: a demonstration")
    if soak.short:
        raise Inconclusive(soak.short, hint=LONGER)


@criterion("monitor.health.steady")
def test_the_component_stays_healthy(
    monitored: SoakResult, system: System, component: Component, record_property: Keep
) -> None:
    """'Monitor system for 15 minutes minimum': unit and health probe were healthy while watched."""
    soak, most = monitored.soak, system.monitor.tolerated
    lost = checks_soak.lost(soak, [component.health])
    down = checks_soak.down(soak, component)
    record_property("answers wrong", f"{lost:.1%}")
    record_property("samples down", f"{down:.1%}")

    if max(lost, down) > most:
        raise Refused(
            f"{component.name} was unhealthy: {lost:.1%} of its answers were wrong, it was down in "
            f"{down:.1%} of the samples (limit: {most:.1%})",
            findings=checks_soak.said(soak, lambda each: checks_soak.unwell(each, component)),
            hint=component.see_logs(),
        )
    enough(monitored, record_property)


@criterion("monitor.latency.steady")
def test_the_component_stays_fast(
    monitored: SoakResult, system: System, component: Component, record_property: Keep
) -> None:
    """'Watch for performance issues': response times stayed within the limit and the baseline."""
    series = monitored.of(component.health)
    share, said = series.degraded()
    for name, value in series.evidence.items():
        record_property(name, value)
    record_property("slower by", f"{share:.0%}")

    if series.slow or share > system.triage.degraded:
        raise Refused(
            f"{component.name} is too slow",
            findings=[each for each in (series.slow, said) if each],
            hint=component.see_logs(),
        )
    enough(monitored, record_property)
    if series.unsure:
        raise Inconclusive(
            f"too few samples to judge the response times of {component.name}",
            findings=[series.unsure],
            hint="run a longer soak, or shorten interval in [monitor]",
        )
    if share > system.triage.tolerated:
        raise Inconclusive(
            f"{component.name} is {system.triage.tolerated:.0%} to {system.triage.degraded:.0%} "
            "slower than its baseline: the procedure has no rule for this range",
            findings=[said],
            hint="decide by severity and impact: rollback triage",
        )


@criterion("monitor.restarts.none")
def test_the_unit_is_not_restarted(
    monitored: SoakResult, component: Component, record_property: Keep
) -> None:
    """'Watch for error patterns': the unit was not restarted while it was watched."""
    restarts = list(checks_soak.restarts(monitored.soak, component))
    record_property("restarts", len(restarts))

    if restarts:
        raise Refused(
            f"{component.unit}: {count(len(restarts), 'restart')} while it was watched",
            findings=restarts,
            hint=component.see_logs(),
        )
    enough(monitored, record_property)


@criterion("monitor.logs.clean")
def test_the_log_stays_clean(
    monitored: SoakResult, system: System, component: Component, record_property: Keep
) -> None:
    """'No error logs in past 5 minutes': no error was logged while the component was watched."""
    found = monitored.log(component)
    seen = found.seen * monitored.soak.plan.scale
    record_property("seen_s", round(seen, 1))
    record_property("window_s", system.logs.window)
    record_property("lines", found.lines)
    record_property("known noise", found.noise)

    if found.errors:
        raise Refused(
            f"{count(found.errors, 'error')} in the log of {component.name} while it was watched",
            findings=found.findings,
            hint=f"{component.see_logs()}; add harmless lines to [logs] noise",
        )
    enough(monitored, record_property)
    if found.problem:
        raise Inconclusive(found.problem, hint=found.hint)
    if seen < system.logs.window:
        raise Inconclusive(
            f"the log was watched for {seen:.0f} s of {system.logs.window:.0f} s",
            hint="run rollback monitor again later, when the log covers more time",
        )


@criterion("monitor.requests.steady", needs=("component.requests",))
def test_requests_stay_processed(
    monitored: SoakResult, system: System, component: Component, record_property: Keep
) -> None:
    """'Verify user experience restored': user requests were answered correctly and in time."""
    soak, most = monitored.soak, system.monitor.tolerated
    lost = checks_soak.lost(soak, component.requests)
    watched = requests.repeated(system, component.requests)
    slow = [each.slow for each in map(monitored.of, watched) if each.slow]
    record_property("requests", watched)
    record_property("requests lost", f"{lost:.1%}")

    if lost > most or slow:
        raise Refused(
            f"{lost:.1%} of the requests of {component.name} failed (limit: {most:.1%})"
            f"{', others were too slow' if slow else ''}",
            findings=[
                *slow,
                *checks_soak.said(soak, lambda each: checks_soak.refused(each, component.requests)),
            ],
            hint=component.see_logs(),
        )
    enough(monitored, record_property)


@criterion("monitor.users.served", needs=("edge",))
def test_users_stay_served(monitored: SoakResult, system: System, record_property: Keep) -> None:
    """'Verify user experience restored': the edge answered correctly while it was watched."""
    soak, most = monitored.soak, system.monitor.tolerated
    wrong = checks_soak.said(soak, checks_soak.turned_away)
    share = len(wrong) / max(1, len(soak.taken))
    record_property("edge", system.edge.url if system.edge else "")
    record_property("answers wrong", f"{share:.1%}")

    if share > most:
        raise Refused(
            f"the edge answered wrongly in {share:.1%} of the samples (limit: {most:.1%})",
            findings=wrong,
            hint=f"curl -i {system.edge.url if system.edge else ''}; see the log of the edge",
        )
    enough(monitored, record_property)
