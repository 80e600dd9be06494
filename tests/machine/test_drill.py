"""The main job over ssh: ready, broken on purpose, rolled back, validated; on real systemd."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pytest_rollback.manifest.release import PACKAGES
from tests.machine.host import Host

TRIPS = 13
"""Round trips that the whole of readiness may take."""

VERSION = "/opt/aivillage/VERSION"


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
    assert altered.run("cat", VERSION) == "1.4.0"
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


@pytest.fixture(scope="module")
def packaged(engine: None) -> Iterator[Host]:  # noqa: ARG001 - it comes first
    """A machine whose releases are packages."""
    host = Host(PACKAGES)
    yield host
    host.machine.down()


@pytest.fixture
def altered_package(packaged: Host) -> Iterator[Host]:
    """The machine, put back after the test."""
    yield packaged
    packaged.reset()


def installed(host: Host) -> tuple[str, str]:
    """Return the version of the package as dpkg has it, and as its own file has it."""
    form = "--showformat=${Version} ${db:Status-Status}"
    return host.run("dpkg-query", "--show", form, "aivillage"), host.run("cat", VERSION)


@pytest.mark.parametrize(
    "name", ["crash-at-import", "broken-json", "broken-unit", "stale-bytecode"]
)
def test_a_broken_package_is_rolled_back(altered_package: Host, name: str) -> None:
    """Ready by its own units in /lib, and no bad file of the live package speaks against it."""
    code, printed = altered_package.ready
    assert (code, "READY (machine)" in printed) == (0, True), printed

    altered_package.machine.break_(name)
    code, printed = altered_package.drill()
    assert (code, "RECOVERED" in printed) == (0, True), printed
    assert installed(altered_package) == ("1.4.0 installed", "1.4.0")


def test_a_rollback_is_undone(altered_package: Host) -> None:
    """By the archive of the failed version, which the deploy had kept."""
    code, printed = altered_package.drill()
    assert code == 0, printed
    run = str(altered_package.record()["run"])
    code, printed = altered_package.rollback("undo", run, "--arm=machine")
    assert code == 0, printed
    assert installed(altered_package) == ("1.5.0 installed", "1.5.0")
