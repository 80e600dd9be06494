"""What happens to a host while it is rolled back: it is refused, resumed or seen, never lost."""

from __future__ import annotations

import re

import pytest

from pytest_rollback.errors import RollbackError
from pytest_rollback.manifest.values import PHASES
from tests.machine.faults import FAULTS, Hindered
from tests.machine.going import processes, states, version
from tests.machine.host import Host


@pytest.fixture
def bad(altered: Host) -> Host:
    """The machine, with its current release bad."""
    altered.machine.break_("degraded")
    return altered


def recovered(host: Host) -> None:
    """Demand that the same command ends RECOVERED now, with the previous release."""
    code, printed = host.drill()

    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert version(host) == "1.4.0"
    assert set(states(host).values()) == {"active"}


def refused(host: Host, name: str, reason: str) -> None:
    """Demand that a fault has a drill refused with a reason, and nothing stopped for it."""
    running = processes(host)
    hindered = FAULTS[name].hinder(host, "suites/drill")

    assert (hindered.code, hindered.record["verdict"]) == (1, "NOT RECOVERED"), hindered.printed
    assert reason in hindered.printed, hindered.printed
    assert "HINT: " in hindered.printed
    assert "Traceback" not in hindered.printed, hindered.printed
    assert processes(host) == running
    assert version(host) == "1.5.0"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("a read-only file system", "ead-only"), ("a full disk", "o space left")],
)
def test_a_host_that_takes_no_change_is_refused(bad: Host, name: str, reason: str) -> None:
    """Before anything is stopped; once it can be written, the same command recovers."""
    refused(bad, name, reason)
    FAULTS[name].mend(bad)
    recovered(bad)


def lost(hindered: Hindered) -> None:
    """Demand that the host was given up with one message and the command that goes on."""
    printed = hindered.printed

    assert (hindered.code, hindered.record["verdict"]) == (7, "NOT RECOVERED"), printed
    assert "is lost" in printed, printed
    assert re.search(r"^to resume: \S*pytest suites/drill .*--arm=machine", printed, re.MULTILINE)
    assert "Traceback" not in printed, printed


@pytest.mark.parametrize("phase", PHASES)
def test_a_line_that_drops_in_a_phase_is_gone_on_from(bad: Host, phase: str) -> None:
    """The host is given up with one message; when it answers again, the same command goes on.

    At once: that the one who held the host is dead is seen here, where it ran.
    """
    fault = FAULTS[f"the line drops in {phase}"]
    hindered = fault.hinder(bad)
    fault.mend(bad)

    lost(hindered)
    recovered(bad)


@pytest.mark.parametrize("phase", PHASES)
def test_a_reboot_in_a_phase_is_gone_on_from(bad: Host, phase: str) -> None:
    """It comes back guarded as long as files are not verified, and the same command recovers."""
    fault = FAULTS[f"a reboot in {phase}"]
    hindered = fault.hinder(bad)
    fault.mend(bad)

    assert hindered.code != 0, hindered.printed
    if phase in {"files", "configuration"}:
        assert "active" not in states(bad).values()
        assert bad.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "localhost") == "503"
    recovered(bad)


def test_a_second_operator_is_kept_out(bad: Host) -> None:
    """He is told who is at work and since when; the first one's rollback ends as if alone."""
    first = FAULTS["a second operator"].hinder(bad, "suites/drill")
    assert isinstance(first.seen, tuple)
    code, printed = first.seen

    assert (code, "held by" in printed) == (12, True), printed
    assert re.search(r"process \d+ on .* since ", printed), printed
    assert (first.code, first.record["verdict"]) == (0, "RECOVERED"), first.printed


def test_a_deploy_cannot_begin_during_a_rollback(bad: Host) -> None:
    """Saving is what a deploy begins with, and it is refused while a run is unfinished."""
    rollback = FAULTS["a deploy during it"].hinder(bad, "suites/drill")

    assert isinstance(rollback.seen, RollbackError)
    assert rollback.seen.hint
    assert (rollback.code, rollback.record["verdict"]) == (0, "RECOVERED"), rollback.printed


def test_a_deploy_that_asks_nobody_is_seen(bad: Host) -> None:
    """Files that are copied over restored ones meanwhile end it red, by name; again recovers."""
    rollback = FAULTS["files copied over during it"].hinder(bad, "suites/drill", "suites/validate")

    assert (rollback.code, rollback.record["verdict"]) == (1, "NOT RECOVERED"), rollback.printed
    assert "core/gateway/server.py" in rollback.printed
    recovered(bad)
