"""What happens to a host while it is rolled back: it is refused, resumed or seen, never lost."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from rollback.errors import RollbackError
from rollback.sandbox import deploy
from rollback.sandbox.podman import podman
from tests.machine.going import Going, cut_off, mounted, processes, states, version
from tests.machine.host import Host

CORE = "/opt/aivillage/core"
STATE = "/var/lib/rollback/aivillage"
FULL = f"""
cp -a {STATE} /tmp/kept && mount -t tmpfs -o size=4m,mode=700 tmpfs {STATE} &&
cp -a /tmp/kept/. {STATE}/ && dd if=/dev/zero of={STATE}/full bs=4k 2>/dev/null
"""


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


def refused(host: Host, reason: str) -> None:
    """Demand that a drill is refused with a reason, and that nothing was stopped for it."""
    running = processes(host)
    code, printed = host.drill("suites/drill")

    assert (code, "NOT RECOVERED" in printed) == (1, True), printed
    assert reason in printed, printed
    assert "HINT: " in printed
    assert "Traceback" not in printed, printed
    assert processes(host) == running
    assert version(host) == "1.5.0"


def test_a_read_only_file_system_is_refused(bad: Host) -> None:
    """Before anything is stopped; once it can be written, the same command recovers."""
    mounted(bad, "--bind", CORE, CORE)
    mounted(bad, "-o", "remount,bind,ro", CORE)
    refused(bad, "ead-only")
    mounted(bad, "-o", "remount,bind,rw", CORE)
    recovered(bad)


def test_a_full_disk_is_refused(bad: Host) -> None:
    """Where there is no room for the journal nothing is begun; with room it recovers."""
    name = bad.machine.inside.container.name
    pid = podman("container", "inspect", "--format", "{{.State.Pid}}", name).decode().strip()
    subprocess.run(["nsenter", "-t", pid, "-m", "sh", "-c", FULL], check=False)
    assert bad.run("df", "--output=avail", STATE).split()[-1] == "0"
    refused(bad, "o space left")
    bad.run("rm", f"{STATE}/full")
    recovered(bad)


@pytest.mark.parametrize("phase", ["isolate", "files", "services"])
def test_a_line_that_drops_in_a_phase_is_gone_on_from(bad: Host, phase: str) -> None:
    """The host is given up with one message; when it answers again, the same command goes on.

    At once: that the one who held the host is dead is seen here, where it ran.
    """
    drill = Going(bad)
    drill.in_phase(phase)
    cut_off(bad)
    code, printed = drill.ended()
    bad.run("systemctl", "start", "ssh")

    assert (code, "NOT RECOVERED" in printed) == (7, True), printed
    assert "is lost" in printed, printed
    assert re.search(r"^go on with: \S*pytest suites/drill --arm=machine", printed, re.MULTILINE)
    assert "Traceback" not in printed, printed
    recovered(bad)


@pytest.mark.parametrize("phase", ["isolate", "files", "configuration", "services"])
def test_a_reboot_in_a_phase_is_gone_on_from(bad: Host, phase: str) -> None:
    """It comes back guarded as long as files are not verified, and the same command recovers."""
    drill = Going(bad)
    drill.in_phase(phase)
    podman("restart", "--time", "0", bad.machine.inside.container.name)
    code, printed = drill.ended()
    bad.machine.inside.container.run(
        "sh", "-c", "systemctl is-system-running --wait || true", timeout=60
    )

    assert code != 0, printed
    if phase in {"files", "configuration"}:
        assert "active" not in states(bad).values()
        assert bad.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "localhost") == "503"
    recovered(bad)


def test_a_second_operator_is_kept_out(bad: Host) -> None:
    """He is told who is at work and since when; the first one's rollback ends as if alone."""
    first = Going(bad)
    first.in_phase("files")
    code, printed = bad.drill("suites/drill")

    assert (code, "held by" in printed) == (12, True), printed
    assert f"process {first.process.pid} " in printed, printed
    code, printed = first.ended()
    assert (code, "RECOVERED in " in printed) == (0, True), printed


@pytest.fixture
def going(bad: Host) -> Iterator[Going]:
    """A drill that restores files just now."""
    drill = Going(bad)
    drill.in_phase("files")
    yield drill
    drill.process.poll()


def test_a_deploy_cannot_begin_during_a_rollback(going: Going) -> None:
    """Saving is what a deploy begins with, and it is refused while a run is unfinished."""
    inside = going.host.machine.inside
    releases = ("1.5.0", ""), ("1.6.0", "")
    wish = deploy.wish(inside.document, ["core/gateway/server.py"], [], *releases)
    with pytest.raises(RollbackError) as caught:
        inside.connection.ask("backups", "save", **wish)
    code, printed = going.ended()

    assert caught.value.hint
    assert (code, "RECOVERED in " in printed) == (0, True), printed


def test_a_deploy_that_asks_nobody_is_seen(going: Going) -> None:
    """Files that are copied over restored ones meanwhile end it red, by name; again recovers."""
    going.in_phase("configuration")
    going.host.run("sh", "-c", f"echo '# deployed' >> {CORE}/gateway/server.py")
    going.ended()
    code, printed = going.host.pytest("suites/validate")

    assert code == 1, printed
    assert "core/gateway/server.py" in printed
