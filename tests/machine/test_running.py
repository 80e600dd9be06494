"""Running means the unit's own processes: as systemd and the kernel of a whole host tell it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.messages.location import Location, Selection
from pytest_rollback.agent.messages.services.running import (
    RUNNING,
    Running,
    RunningRequest,
    UnitOwner,
)
from pytest_rollback.agent.messages.services.units import ManagerAddress
from pytest_rollback.manifest.load import load
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from tests.machine.going import Going
from tests.machine.targets import BOTH

if TYPE_CHECKING:
    from tests.machine.host import Host

UNIT = "aivillage-gateway"
ETC = "/etc/systemd/system"
LIVE = "/opt/aivillage/core/gateway/server.py"
ORPHAN = f"""
command=$(systemctl show --property=ExecStart --value {UNIT} | sed 's/.*argv\\[\\]=//; s/ ;.*//')
systemctl stop {UNIT}
systemd-run --quiet --unit=left-over --uid=aivillage --working-directory=/opt/aivillage \\
  --property=EnvironmentFile=/opt/aivillage/config/.env $command
until ss -Hltn 'sport = :8000' | grep -q .; do sleep 0.1; done
systemctl start {UNIT}
"""
"""A process of the release that is not the unit's answers on its port."""

TIMER = f"""
printf '[Timer]\\nOnCalendar=*:*:*\\nAccuracySec=10ms\\nUnit={UNIT}.service\\n' > {ETC}/kick.timer
systemctl daemon-reload
systemctl start kick.timer
"""
SLEEP = "/bin/sleep 600"
FORKS = '/bin/sh -c "sleep 601 & sleep 602 & :"'
KINDS: dict[str, str] = {
    "k-plain.service": f"ExecStart={SLEEP}",
    "k-wrapper.service": "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true",
    "k-job.service": "Type=oneshot\nExecStart=/bin/true",
    "k-fork.service": f"Type=forking\nGuessMainPID=no\nExecStart={FORKS}",
    "k-web@.service": f"ExecStart={SLEEP}",
    "k-active.service": f"ExecStart={SLEEP}",
    "k-active.socket": "ListenStream=127.0.0.1:18099",
    "k-shut.service": f"ExecStart={SLEEP}",
    "k-shut.socket": "ListenStream=127.0.0.1:18098",
}
STARTED = ("k-plain", "k-wrapper", "k-job", "k-fork", "k-web@1", "k-web@2", "k-active.socket")
SAID = {
    "k-plain": "",
    "k-wrapper": "active (exited)",
    "k-job": "Type=oneshot",
    "k-fork": "PIDFile",
    "k-web@1": "k-web@2.service of the same template",
    "k-active": "k-active.socket listens",
    "k-shut": "",
}


def reds(host: Host, suite: str, *words: str) -> set[tuple[str, str | None]]:
    """Run a suite; return what was not met, for whom."""
    host.pytest(f"suites/{suite}", *words)
    return {row for row, outcome in host.outcomes().items() if outcome == "not met"}


def look(host: Host, *units: str, ports: tuple[int, ...] = ()) -> Running:
    """Look at units that no component has."""
    connection = Connection(load(host.manifest).system)
    asked = RunningRequest(
        Location("/srv/kinds", "/srv/kinds.state", ".backup"),
        ManagerAddress("systemd"),
        tuple(UnitOwner(unit, unit, ports) for unit in units),
        Selection(()),
        ETC,
    )
    try:
        return connection.ask(Call(RUNNING, asked))
    finally:
        connection.close()


@pytest.fixture
def kinds(altered: Host) -> Running:
    """What is said of units of each kind."""
    for name, text in KINDS.items():
        section = "Socket" if name.endswith(".socket") else "Service"
        altered.run("sh", "-c", f"cat > {ETC}/{name} <<'E'\n[{section}]\n{text}\nE")
    altered.run("systemctl", "daemon-reload")
    for unit in STARTED:
        altered.run("systemctl", "start", unit)
    return look(altered, *SAID)


def test_each_kind_of_unit_is_told(kinds: Running) -> None:
    """Those that cannot be judged say why; a socket that is disabled is nothing to say."""
    said = {
        unit: each.unhandled or each.kept_open or each.left for unit, each in kinds.units.items()
    }

    assert {unit: word for unit, word in SAID.items() if word not in said[unit]} == {}
    assert {unit for unit in said if said[unit]} == {unit for unit in SAID if SAID[unit]}
    assert {unit: kinds.units[unit].number for unit in ("k-plain", "k-fork")} == {
        "k-plain": 1,
        "k-fork": 2,
    }


def test_a_process_of_the_release_that_is_not_the_unit_s_is_named(altered: Host) -> None:
    """It answers as the unit would: readiness is red, and a drill stops nothing."""
    altered.machine.break_("degraded")
    altered.run("sh", "-c", ORPHAN)

    wanted = {("readiness.units.listening", "gateway"), ("readiness.units.alone", None)}
    assert wanted <= reds(altered, "readiness")
    code, printed = altered.drill()
    assert (code, "NOT MET drill.state.saved" in printed) == (1, True), printed
    assert altered.run("systemctl", "is-active", "aivillage-p2p", "left-over") == "active\nactive"


def test_a_file_that_is_put_back_and_not_run_is_red(altered: Host) -> None:
    """By hand, with nothing restarted: users still get what was there before."""
    altered.run("sh", "-c", f"cp -p {LIVE}.backup {LIVE}")

    # Others may be red beside it: an overlay's first write below a directory renews its inode.
    assert ("validate.units.began", "gateway") in reds(altered, "validate")


def test_a_drop_in_that_a_rollback_would_leave_is_red(altered: Host) -> None:
    """The failed release installed it; it sets what runs."""
    place = f"{ETC}/{UNIT}.service.d"
    altered.run("sh", "-c", f"mkdir {place}; printf '[Service]\\nNice=5\\n' > {place}/tuning.conf")
    altered.run("systemctl", "daemon-reload")

    assert ("readiness.units.covered", "gateway") in reds(altered, "readiness")


def test_a_timer_starts_nothing_while_files_are_restored(altered: Host) -> None:
    """It tries each second, and the guard's assertion says no."""
    altered.machine.break_("degraded")
    drill = Going(altered, *BOTH)
    drill.in_phase("files")
    altered.run("sh", "-c", TIMER)
    time.sleep(1)
    code, printed = drill.ended()

    assert (code, "RECOVERED" in printed) == (0, True), printed
    said = altered.run("journalctl", "--no-pager", "--unit", UNIT)
    assert "assertion" in said.lower()
