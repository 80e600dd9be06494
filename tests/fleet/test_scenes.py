"""Whole fleets, rolled back by command: how each host ended, and which release its disk has."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.state.runs import BeginRequest
from pytest_rollback.agent.state import runs
from pytest_rollback.recovery.lock_holder import Holder
from tests.fleet.hosts import Hosts

PATIENCE = 400.0
"""Seconds until something has to be seen: a drill takes a while on a busy machine."""

ARMED = "--arm=corner"
LB = """#!/bin/sh
echo "$@" >> {home}/lb.log
case "$1" in
  serving) cd {home}/serving && ls ;;
  drain) rm -f {home}/serving/"$2" ;;
  undrain)
    test ! -e {home}/stuck-"$2" || exit 1
    test -e {home}/lies-"$2" || touch {home}/serving/"$2" ;;
esac
"""


def balanced(fleet: Hosts, **more: object) -> Path:
    """Put a balancer before a fleet; return its log."""
    lb = fleet.home / "lb"
    lb.write_text(LB.format(home=fleet.home))
    lb.chmod(0o755)
    (fleet.home / "serving").mkdir()
    for each in fleet.hosts:
        (fleet.home / "serving" / each).touch()
    fleet.describe(
        drain=[str(lb), "drain", "{host}"],
        undrain=[str(lb), "undrain", "{host}"],
        serving=[str(lb), "serving"],
        **more,
    )
    return fleet.home / "lb.log"


def until(seen: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until something is seen, while a process is at work."""
    end = time.monotonic() + PATIENCE
    while not seen():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.1)


def under_way(fleet: Hosts, host: str) -> Callable[[], bool]:
    """Return whether the files of a host are back, and its drill is still at work."""
    return lambda: fleet.hosts[host].release == "1"


def processes(fleet: Hosts) -> list[bytes]:
    """Return the drills that are at work on the hosts of a fleet."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(each.read_bytes())
    return [each for each in found if f"={fleet.home}/reports/".encode() in each]


def test_a_fleet_is_rolled_back_once(fleet: Callable[..., Hosts]) -> None:
    """Every disk has the previous release; the same command has nothing left to do."""
    all_ = fleet(2)
    code, printed = all_.rollback("roll")
    assert (code, all_.disks) == (13, {"h1": "2", "h2": "2"}), printed

    code, printed = all_.rollback("roll", ARMED)
    assert (code, "RECOVERED 2 of 2" in printed) == (0, True), printed + all_.output("h1")
    assert all_.disks == {"h1": "1", "h2": "1"}
    assert [(each["before"], each["after"]) for each in all_.record["hosts"]] == [("2", "1")] * 2
    for each in all_.record["hosts"]:
        (page,) = all_.home.glob(f"reports/*/{each['report']}")
        assert "RECOVERED" in page.read_text()
        alone = page.parents[2] / "rollback.toml"  # what it says to do next is about this host
        assert f"--target={alone}" in all_.output(str(each["name"]))
    assert max(map(len, re.sub(r"(?m)^(report|next): .*", "", printed).splitlines())) <= 80

    code, printed = all_.rollback("roll", ARMED)
    assert (code, all_.outcomes) == (0, {"h1": "already", "h2": "already"}), printed
    assert len([*all_.home.glob("reports/*/hosts/*/already/reports/*/report.json")]) == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("gone", "unreachable", "wanted"),
    [
        ("h1", "stop", {"h1": "never reached", "h2": "never begun", "h3": "never begun"}),
        ("h1", "skip", {"h1": "never reached", "h2": "never begun", "h3": "never begun"}),
        ("h2", "stop", {"h1": "never begun", "h2": "never reached", "h3": "never begun"}),
    ],
)
def test_a_host_that_does_not_answer_stops_all(
    fleet: Callable[..., Hosts], gone: str, unreachable: str, wanted: dict[str, str]
) -> None:
    """A canary always, another one where rollback.toml does not leave it out."""
    all_ = fleet(3, unreachable=unreachable)
    all_.connect(gone)
    code, printed = all_.rollback("roll", ARMED)
    assert (code, all_.outcomes, set(all_.disks.values())) == (7, wanted, {"2"}), printed
    assert "nothing was begun" in printed


@pytest.mark.long
def test_one_host_by_two_addresses_is_refused(fleet: Callable[..., Hosts]) -> None:
    """No address tells it: the host does, before anything is begun."""
    all_ = fleet(1)
    config = all_.home / "ssh_config"
    first = config.read_text()
    config.write_text(first[: first.index("Host *")].replace("Host h1", "Host h9") + first)
    all_.describe("h1", "h9")
    code, printed = all_.rollback("roll", ARMED)
    assert (code, all_.disks) == (4, {"h1": "2"}), printed
    assert "h1 and h9 are one host" in printed


@pytest.mark.long
def test_one_host_that_is_held_refuses_all(fleet: Callable[..., Hosts]) -> None:
    """And so does one without backups; nothing is begun."""
    all_ = fleet(3)
    me = Holder.here("r1", "ann")
    state = all_.hosts["h3"].place / "state"
    runs.begin(BeginRequest(str(state), me.run, me.by, me.process, "corner"))
    code, printed = all_.rollback("roll", ARMED)
    assert (code, set(all_.disks.values())) == (12, {"2"}), printed
    assert all_.outcomes == {"h1": "never begun", "h2": "never begun", "h3": "held"}
    assert "by ann, run r1" in printed

    shutil.rmtree(state)
    code, printed = all_.rollback("roll", ARMED)
    assert (code, set(all_.disks.values())) == (1, {"2"}), printed
    assert (set(all_.outcomes.values()), "h3 would refuse" in printed) == ({"never begun"}, True)


@pytest.mark.long
def test_a_host_that_fails_stops_the_next_batch(fleet: Callable[..., Hosts]) -> None:
    """The others of its batch come to their end; it stays drained, and nobody else does."""
    all_ = fleet(4)
    log = balanced(all_, batches=[1, 2, 1])
    (all_.hosts["h3"].place / "ill").write_text("")
    code, printed = all_.rollback("roll", ARMED)
    wanted = {"h1": "recovered", "h2": "recovered", "h3": "failed", "h4": "never begun"}
    assert (code, all_.outcomes) == (1, wanted), printed
    assert all_.disks == {"h1": "1", "h2": "1", "h3": "1", "h4": "2"}
    assert "NOT RECOVERED: 1 failed, 1 never begun of 4, stopped after batch 2" in printed
    assert all_.record["undo"]
    said = log.read_text().splitlines()
    assert sorted(each for each in said if "drain" in each) == [
        *("drain h1", "drain h1", "drain h2", "drain h3", "undrain h1", "undrain h1", "undrain h2"),
    ]


@pytest.mark.long
def test_a_host_that_goes_away_in_the_middle(fleet: Callable[..., Hosts]) -> None:
    """It was asked beforehand; its batch comes to its end, and the third one is never begun."""
    all_ = fleet(4, batches=[1, 2, 1])
    process = all_.started("roll", ARMED)
    until(under_way(all_, "h1"), process)
    all_.hosts["h2"].end()
    printed = process.communicate()[0]
    wanted = {"h1": "recovered", "h2": "never reached", "h3": "recovered", "h4": "never begun"}
    assert (process.returncode, all_.outcomes) == (1, wanted), printed
    assert all_.disks == {"h1": "1", "h2": "2", "h3": "1", "h4": "2"}


@pytest.mark.long
def test_a_host_that_is_back_already_is_left_alone(fleet: Callable[..., Hosts]) -> None:
    """By a fleet of it alone, which is another controller; one that is silent is left out.

    The second one has its hosts from Ansible's inventory, where that can be asked.
    """
    all_ = fleet(3)
    all_.describe("h2")
    code, printed = all_.rollback("roll", ARMED)
    assert (code, all_.disks) == (0, {"h1": "2", "h2": "1", "h3": "2"}), printed
    hosts = "".join(f"    {name}: {{ansible_user: root}}\n" for name in all_.hosts)
    (all_.home / "plain.yml").write_text(f"shop:\n  hosts:\n{hosts}")
    asked = all_.carrier == "ssh" and shutil.which("ansible-inventory")
    inventory = {"inventory": "plain.yml", "hosts": "shop"} if asked else {}
    all_.describe(unreachable="skip", **inventory)
    all_.connect("h3")
    code, printed = all_.rollback("roll", ARMED)
    wanted = {"h1": "recovered", "h2": "already", "h3": "never reached"}
    assert (code, all_.outcomes) == (1, wanted), printed
    assert all_.disks == {"h1": "1", "h2": "1", "h3": "2"}

    all_.connect()
    code, printed = all_.rollback("undo", ARMED)
    wanted = {"h1": "recovered", "h2": "recovered", "h3": "already"}
    assert (code, all_.outcomes, "UNDONE 3 of 3" in printed) == (0, wanted, True), printed
    assert set(all_.disks.values()) == {"2"}


@pytest.mark.long
def test_a_signal_begins_no_further_host_and_the_same_command_goes_on(
    fleet: Callable[..., Hosts],
) -> None:
    """The canary comes to its end; later the others follow."""
    all_ = fleet(3)
    log = balanced(all_)
    process = all_.started("roll", ARMED)
    until(under_way(all_, "h1"), process)
    process.send_signal(signal.SIGINT)
    printed = process.communicate()[0]
    wanted = {"h1": "recovered", "h2": "never begun", "h3": "never begun"}
    assert (process.returncode, all_.outcomes) == (2, wanted), printed
    assert all_.disks == {"h1": "1", "h2": "2", "h3": "2"}
    trial = ("drain h1", "undrain h1")
    assert [each for each in log.read_text().split("\n") if "h1" in each] == [*trial, *trial]

    code, printed = all_.rollback("roll", ARMED)
    assert (code, all_.outcomes["h1"], set(all_.disks.values())) == (0, "already", {"1"}), printed


@pytest.mark.long
def test_a_controller_that_is_killed_leaves_nothing_that_begins(
    fleet: Callable[..., Hosts],
) -> None:
    """What is under way ends in order; another controller goes on with what is left."""
    all_ = fleet(3)
    process = all_.started("roll", ARMED)
    until(under_way(all_, "h1"), process)
    assert processes(all_)
    process.kill()
    process.wait()
    end = time.monotonic() + PATIENCE
    while processes(all_):
        assert time.monotonic() < end
        time.sleep(0.2)
    assert all_.disks == {"h1": "1", "h2": "2", "h3": "2"}
    code, printed = all_.rollback("status")
    assert (code, "interrupted" in printed) == (0, True), printed

    code, printed = all_.rollback("roll", ARMED)
    assert (code, set(all_.outcomes.values())) == (0, {"recovered"}), printed
    assert set(all_.disks.values()) == {"1"}


@pytest.mark.long
def test_an_undrain_that_fails_is_told_first(fleet: Callable[..., Hosts]) -> None:
    """All are recovered, and the verdict is no good one; the same command brings it back."""
    all_ = fleet(2)
    balanced(all_)
    stuck = all_.home / "stuck-h2"
    stuck.write_text("")
    code, printed = all_.rollback("roll", ARMED)
    assert (code, set(all_.outcomes.values())) == (1, {"recovered"}), printed
    lines = printed.splitlines()
    first = lines.index(next(each for each in lines if each.startswith("host ")))
    assert lines[first + 1].startswith("h2")
    assert "NOT RECOVERED: h2 not back in service" in printed

    stuck.unlink()
    code, printed = all_.rollback("roll", ARMED)
    assert (code, "RECOVERED 2 of 2" in printed) == (0, True), printed
    assert "undrain h2" in (all_.home / "lb.log").read_text().splitlines()[-2:]


@pytest.mark.long
def test_too_few_serve_by_the_balancers_word(fleet: Callable[..., Hosts]) -> None:
    """Whatever we think of the hosts ourselves; a balancer that says nothing is no good sign."""
    all_ = fleet(2)
    balanced(all_, quorum=1)
    (all_.home / "serving/h2").unlink()
    code, printed = all_.rollback("roll", ARMED)
    assert (code, set(all_.disks.values())) == (1, {"2"}), printed
    assert "0 would serve during batch 1 by the balancer, 1 have to" in printed
