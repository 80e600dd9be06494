"""Success criteria: health checks, user requests, and response times within the baseline."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.checks.latency import FINE, TRIGGER, Latencies
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.fixtures.probes import AnswersByProbe
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.text.quantities import part

Keep = Callable[[str, object], None]


@criterion("validate.health.answers")
def test_the_component_is_healthy(
    latencies: Latencies, component: Component, record_property: Keep
) -> None:
    """'Health checks return OK': every health check returned the expected status and body."""
    health = latencies.series[component.health]
    record_property("answers", health.count)

    if health.wrong:
        raise Refused(
            f"the health probe of {component.name} failed",
            findings=[health.wrong],
            hint=component.see_logs(),
        )


@criterion("validate.requests.processed", needs=("component.requests",))
def test_requests_are_processed(
    latencies: Latencies,
    single_answers: AnswersByProbe,
    component: Component,
    record_property: Keep,
) -> None:
    """'User requests processed successfully', 'response time (should be <2s)': requests succeed."""
    requests = [latencies.series[n] for n in component.requests if n in latencies.series]
    record_property("requests", {each.name: each.evidence for each in requests})
    wrong = [each.wrong or each.slow for each in requests if each.wrong or each.slow]
    once = {name: single_answers[name] for name in component.requests if name in single_answers}
    if once:
        record_property("asked once, because they change something", list(once))
    wrong += [f"{name}: {each.wrong}" for name, each in once.items() if each.wrong]
    unsure = [each.unsure for each in requests if each.unsure]

    if wrong:
        raise Refused(
            f"{part(len(wrong), len(requests) + len(once), 'user request')} of {component.name} "
            "failed",
            findings=wrong,
            hint=component.see_logs(),
        )
    if unsure:
        raise Inconclusive(
            f"the p95 of the requests of {component.name} is too uncertain to judge",
            findings=unsure,
            hint="run it again when the host is less busy, or set more samples for these probes",
        )


@criterion("validate.latency.within_limit")
def test_the_component_answers_in_time(
    latencies: Latencies, component: Component, record_property: Keep
) -> None:
    """'Response times within baseline (Gateway <100ms, P2P <100ms)': the p95 is below the limit."""
    health = latencies.series[component.health]
    for name, value in health.evidence.items():
        record_property(name, value)

    if health.slow:
        raise Refused(
            f"the p95 of {component.name} is over its limit",
            findings=[health.slow],
            hint=component.see_logs(),
        )
    if health.unsure:
        raise Inconclusive(
            f"the p95 of {component.name} is too uncertain to judge",
            findings=[health.unsure],
            hint="run it again when the host is less busy, or set more samples for its probe",
        )


@criterion("validate.latency.within_baseline")
def test_the_component_is_not_slower_than_it_was(
    latencies: Latencies, component: Component, system: System, record_property: Keep
) -> None:
    """'System performance degraded >50% from baseline': every probe is close to its baseline."""
    series = list(latencies.of(component))
    shares = {each.name: each.degraded() for each in series}
    record_property("slower by", {name: f"{share:.0%}" for name, (share, _) in shares.items()})
    worst = [said for share, said in shares.values() if share > TRIGGER]
    between = [said for share, said in shares.values() if FINE < share <= TRIGGER]
    unknown = [each.name for each in series if not each.kept or not each.count]

    if worst:
        raise Refused(
            f"{component.name} is more than {TRIGGER:.0%} slower than its baseline",
            findings=[*worst, *between],
            hint=f"{component.see_logs()}; if the slower times are intended, waive "
            "validate.latency.within_baseline in [[waivers]] of rollback.toml, with owner, reason "
            "and last day",
        )
    if latencies.problem:
        raise Inconclusive(latencies.problem.message, hint=latencies.problem.hint)
    if unknown:
        raise Inconclusive(
            f"no baseline for {' and '.join(unknown)}",
            hint="rollback ready stores one while the system is healthy; an open run ends "
            f"without it by pytest suites/drill --arm={system.target.name}",
        )
    if between:
        raise Inconclusive(
            f"{component.name} is {FINE:.0%} to {TRIGGER:.0%} slower than its baseline: the "
            "procedure has no rule for this range",
            findings=between,
            hint="decide by severity and impact; record the decision as a waiver of this criterion",
        )
