"""The main job over ssh: ready, broken on purpose, rolled back, validated; on real systemd."""

from __future__ import annotations

import time

import pytest

from tests.machine.host import Host

TRIPS = 13
"""Round trips that the whole of readiness may take."""


def test_a_healthy_machine_is_ready(host: Host) -> None:
    """Every criterion is met over ssh, in a few round trips however many files there are."""
    code, printed = host.ready

    assert (code, "READY (machine)" in printed) == (0, True), printed
    assert host.proof["round_trips"] <= TRIPS, host.proof["round_trips"]


@pytest.mark.parametrize("name", ["crash-loop", "broken-unit", "stale-bytecode"])
def test_a_broken_release_is_rolled_back(altered: Host, name: str) -> None:
    """It is red before and green after, and the previous release runs."""
    altered.machine.break_(name)
    code, printed = altered.drill()

    assert (code, "RECOVERED" in printed) == (0, True), printed
    assert altered.run("cat", "/opt/aivillage/VERSION") == "1.4.0"
    assert altered.run("systemctl", "is-system-running") == "running"
    assert altered.record()["maintenance_seconds"] > 0


def test_a_unit_at_its_start_limit_is_started(altered: Host) -> None:
    """Systemd refuses to start what failed too often; the rollback gets past that."""
    altered.machine.break_("crash-at-import")
    until = time.monotonic() + 60
    while sub_state(altered) != "failed" and time.monotonic() < until:
        time.sleep(0.5)
    refused = altered.run("journalctl", "--no-pager", "--unit=aivillage-agents")
    assert "Start request repeated too quickly" in refused
    code, printed = altered.drill()

    assert (code, "RECOVERED" in printed) == (0, True), printed


def sub_state(host: Host) -> str:
    """Return how systemd says that the agents are."""
    return host.run("systemctl", "show", "--property=SubState", "--value", "aivillage-agents")


def test_readiness_through_the_engine(host: Host) -> None:
    """`podman://` reaches the same host without sshd, and the same criteria are met."""
    document = host.machine.manifest["target"]
    where = f"podman://{host.machine.inside.container.name}"
    host.describe(target={**document, "connection": where})
    code, printed = host.pytest("suites/readiness")
    host.describe()

    assert (code, "READY (machine)" in printed) == (0, True), printed
