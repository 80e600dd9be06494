"""Success criterion 'Response times within baseline' needs one: measured while all is healthy."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from pytest_rollback.checks.latency import Latencies, faults, store
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.manifest.model import System
from pytest_rollback.text.quantities import part
from pytest_rollback.transport.connection import Connection

Keep = Callable[[str, object], None]


def aside(system: System) -> str:
    """Return the commands that put a baseline aside, which still tells what was usual."""
    path = shlex.quote(f"{system.about.state}/baseline.json")
    return f"mv -n {path} {path}.before, on the host; then rollback ready"


@criterion("readiness.baseline.stored")
def test_a_baseline_is_stored(
    healthy_latencies: Latencies, connection: Connection, system: System, record_property: Keep
) -> None:
    """'Response times within baseline': every probe is within its limit, and a baseline is stored.

    What is slower than its stored baseline by more than half is a reason for a rollback, and no
    new baseline.
    """
    series = healthy_latencies.series.values()
    wrong = [faults(each) for each in series if faults(each)]
    unsure = [each.unsure for each in series if faults(each) and faults(each) == each.unsure]
    if healthy_latencies.problem:
        raise healthy_latencies.problem
    stored = store(connection, [each for each in series if not faults(each)])
    record_property("stored", stored)
    record_property("p95_ms", {each.name: each.evidence["p95_ms"] for each in series})

    if unsure and len(unsure) == len(wrong):
        raise Inconclusive(
            f"the p95 of {part(len(unsure), len(series), 'probe')} is too uncertain to judge",
            findings=unsure,
            hint="run it again when the host is less busy",
        )
    if wrong:
        raise Refused(
            f"no baseline for {part(len(wrong), len(series), 'probe')}: wrong answers, or too slow",
            findings=wrong,
            hint="repair these components, or correct limit of the probes in rollback.toml; if the "
            f"slower times are intended, keep the old ones and measure anew: {aside(system)}",
        )
