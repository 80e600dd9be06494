"""Success criterion: 'All services start successfully', and they stay up."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.services.units import UnitState
from pytest_rollback.checks.running import clock, refuse_elsewhere, refuse_other_release, stale
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.fixtures.units import WatchedUnits, demand_alone, demand_ports, ports
from pytest_rollback.manifest.model import Component, System

Keep = Callable[[str, object], None]
CLOCK = 1.0
"""Seconds by which two times of one start may differ: some managers tell only how long ago."""


def changes(before: UnitState, after: UnitState) -> list[str]:
    """Return the signs of a restart of a unit between two looks, a line each."""
    apart = abs((before.since or 0.0) - (after.since or 0.0))
    facts = (
        ("pid", before.pid, after.pid, before.pid != after.pid),
        ("since", before.since, after.since, apart >= CLOCK),
        ("restarts", before.restarts, after.restarts, before.restarts != after.restarts),
    )
    return [f"{name} was {was}, is {now}" for name, was, now, differs in facts if differs]


@criterion("validate.units.active")
def test_the_unit_is_active(settled: WatchedUnits, component: Component) -> None:
    """'All services start successfully': the service manager reports the unit as active."""
    unit = settled.after[component.unit]

    if unit.state != "active":
        word = unit.state if unit.known else "unknown"
        raise Refused(
            f"{component.unit} is {word}: {unit.detail}",
            hint=f"see the log of {component.unit}, then run the same drill again",
        )


@criterion("validate.units.stable")
def test_the_unit_stays_up(
    settled: WatchedUnits, component: Component, record_property: Keep
) -> None:
    """'All services start successfully': the unit stayed up without a restart while watched."""
    before, after = settled.before[component.unit], settled.after[component.unit]
    record_property("watched_s", round(settled.seconds, 1))
    record_property("settle_s", component.settle)
    record_property("pid", after.pid)
    changed = changes(before, after)

    if changed or not (after.pid or settled.running.units[component.unit].number):
        raise Refused(
            f"{component.unit} did not stay up for {settled.seconds:.1f} s",
            findings=changed or ["it has no process"],
            hint=f"see the log of {component.unit}",
        )
    if settled.seconds < component.settle:
        raise Inconclusive(
            f"{component.unit} was watched for only {settled.seconds:.1f} s",
            hint=f"run it again; settle in rollback.toml is {component.settle:g} s",
        )


@criterion("validate.units.listening")
def test_the_unit_listens(
    settled: WatchedUnits, system: System, component: Component, record_property: Keep
) -> None:
    """'All services start successfully': the unit's processes hold its ports and answer probes."""
    wanted = ports(system, component)
    record_property("ports", wanted or "none described")

    demand_ports(component.unit, settled.running)
    if not wanted and "listens" not in component.model_fields_set:
        raise Inconclusive(
            f"component {component.name} and its probes have no port to check",
            hint=f"list the ports in listens of component {component.name}; if it has none: "
            "listens = []",
        )


@criterion("validate.units.began")
def test_the_unit_began_after_what_was_restored(
    settled: WatchedUnits, component: Component, system: System, record_property: Keep
) -> None:
    """'Restart Services in Order': each process of the unit began after its files were restored."""
    running = settled.running
    found = running.units[component.unit]
    record_property("processes", found.number)

    refuse_elsewhere(running, component, system.about.where)
    refuse_other_release(running, component)
    if running.unrecorded:
        raise Inconclusive("it is not known what was restored", hint=running.unrecorded)
    if not (found.oldest and (found.youngest or found.restored)):
        raise Inconclusive(
            "no file of it is known" if found.oldest else f"{component.unit} has no process",
            hint=f"see how it is: the log of {component.unit}",
        )
    record_property("began", clock(found.oldest.began))
    if not found.youngest:  # all that it is made of is recorded, and it was started from that
        return
    at = clock(found.youngest.changed)
    record_property("changed last", f"{found.youngest.path} {at}")
    if found.youngest.changed > running.now + CLOCK:
        raise Inconclusive(
            f"{found.youngest.path} was changed at {at}, which is to come: the clock was set",
            hint=f"compare date and: stat {found.youngest.path}",
        )
    if found.stale:
        raise Refused(
            f"{component.unit} runs what was there before: {stale(found)}",
            hint=f"restart {component.unit}, then validate again"
            + (f"; the clock was set by {found.stepped:g} s since" if found.stepped else ""),
        )


@criterion("validate.units.alone")
def test_nobody_else_is_of_the_system(settled: WatchedUnits, system: System) -> None:
    """'Verify isolation successful': each process of the root is of one of its units."""
    demand_alone(system.about.where, settled.running)
