"""Post-rollback actions: 'Monitor system for 15 minutes minimum', and what is watched meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from fixtures.live_state import declares
from fixtures.monitor import SoakResult
from pytest_rollback.checks import soak as checks_soak
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.manifest.model import Component, System

Keep = Callable[[str, object], None]
LONGER = "pytest suites/monitor, and let it end; the connection has to hold as well"


def see(component: Component) -> str:
    """Return where to read what ails a component."""
    unit, log = component.unit, component.log
    return f"journalctl -eu {unit}" if log == "journal" else f"tail -n 50 {log}"


def enough(monitored: SoakResult, record_property: Keep) -> None:
    """Raise when too little was seen; state how much it was.

    Raises:
        Inconclusive: too short, stopped, given up, or too many samples could not be taken.
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
    """'Monitor system for 15 minutes minimum': its unit is active, its health probe answered."""
    soak, most = monitored.soak, system.monitor.tolerated
    lost = checks_soak.lost(soak, [component.health])
    down = checks_soak.down(soak, component)
    record_property("answers wrong", f"{lost:.1%}")
    record_property("samples down", f"{down:.1%}")

    if max(lost, down) > most:
        raise Refused(
            f"{component.name} was not healthy all the time: {lost:.1%} of its answers were wrong, "
            f"it was down in {down:.1%} of the samples; tolerated: {most:.1%}",
            findings=checks_soak.said(soak, lambda each: checks_soak.unwell(each, component)),
            hint=see(component),
        )
    enough(monitored, record_property)


@criterion("monitor.latency.steady")
def test_the_component_stays_fast(
    monitored: SoakResult, system: System, component: Component, record_property: Keep
) -> None:
    """'Watch for performance issues': within its limit and its baseline, over all samples."""
    series = monitored.of(component.health)
    share, said = series.degraded()
    for name, value in series.evidence.items():
        record_property(name, value)
    record_property("slower by", f"{share:.0%}")

    if series.slow or share > system.triage.degraded:
        raise Refused(
            f"{component.name} became slow",
            findings=[each for each in (series.slow, said) if each],
            hint=see(component),
        )
    enough(monitored, record_property)
    if series.unsure:
        raise Inconclusive(
            f"whether {component.name} stays fast cannot be told",
            findings=[series.unsure],
            hint="watch for longer, or shorten interval in [monitor]",
        )
    if share > system.triage.tolerated:
        raise Inconclusive(
            f"{component.name} is slower by {system.triage.tolerated:.0%} to "
            f"{system.triage.degraded:.0%}: the procedure is silent",
            findings=[said],
            hint="decide by severity and impact: pytest suites/triage",
        )


@criterion("monitor.restarts.none")
def test_the_unit_is_not_restarted(
    monitored: SoakResult, component: Component, record_property: Keep
) -> None:
    """'Watch for error patterns': one process from the first sample to the last."""
    restarts = list(checks_soak.restarts(monitored.soak, component))
    record_property("restarts", len(restarts))

    if restarts:
        raise Refused(
            f"{component.unit} was restarted {len(restarts)} times while it was watched",
            findings=restarts,
            hint=see(component),
        )
    enough(monitored, record_property)


@criterion("monitor.logs.clean")
def test_the_log_stays_clean(
    monitored: SoakResult, system: System, component: Component, record_property: Keep
) -> None:
    """'No error logs in past 5 minutes': none while it was watched, and five minutes were seen."""
    found = monitored.log(component)
    seen = found.seen * monitored.soak.plan.scale
    record_property("seen_s", round(seen, 1))
    record_property("window_s", system.logs.window)
    record_property("lines", found.lines)
    record_property("known noise", found.noise)

    if found.errors:
        raise Refused(
            f"{found.errors} errors in the log of {component.name} while it was watched",
            findings=found.findings,
            hint=f"{see(component)}; what is known to be no error goes into [logs] noise",
        )
    enough(monitored, record_property)
    if found.problem:
        raise Inconclusive(found.problem, hint=found.hint)
    if seen < system.logs.window:
        raise Inconclusive(
            f"only {seen:.0f} s of {system.logs.window:.0f} clean seconds were seen",
            hint="pytest suites/monitor again: the log goes back further by then",
        )


@criterion("monitor.requests.steady")
def test_requests_stay_processed(
    monitored: SoakResult, system: System, component: Component, record_property: Keep
) -> None:
    """'Verify user experience restored': every request was processed, and in time."""
    soak, most = monitored.soak, system.monitor.tolerated
    lost = checks_soak.lost(soak, component.requests)
    slow = [each.slow for each in map(monitored.of, component.requests) if each.slow]
    record_property("requests", list(component.requests) or "none described")
    record_property("requests lost", f"{lost:.1%}")

    if lost > most or slow:
        raise Refused(
            f"requests of {component.name} were not processed all the time: {lost:.1%} were lost; "
            f"tolerated: {most:.1%}",
            findings=[
                *slow,
                *checks_soak.said(soak, lambda each: checks_soak.refused(each, component.requests)),
            ],
            hint=see(component),
        )
    enough(monitored, record_property)
    declares(system, component, "requests")


@criterion("monitor.users.served")
def test_users_stay_served(monitored: SoakResult, system: System, record_property: Keep) -> None:
    """'Verify user experience restored': the edge answered as it should in every sample."""
    soak, most = monitored.soak, system.monitor.tolerated
    wrong = checks_soak.said(soak, checks_soak.turned_away)
    share = len(wrong) / max(1, len(soak.taken))
    record_property("edge", system.edge.url if system.edge else "none described")
    record_property("answers wrong", f"{share:.1%}")

    if share > most:
        raise Refused(
            f"users did not get the system in {share:.1%} of the samples; tolerated: {most:.1%}",
            findings=wrong,
            hint=f"curl -i {system.edge.url if system.edge else ''}; see the edge's own log",
        )
    enough(monitored, record_property)
