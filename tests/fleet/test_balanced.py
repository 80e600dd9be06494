"""Fleets behind a real balancer: what users get meanwhile, and a balancer that is not to be had."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_rollback.extras.fleet.balancing.guard import is_at_work
from tests.fleet.hosts import Hosts
from tests.fleet.inside import PORT
from tests.fleet.proxy import Proxy, spaces
from tests.fleet.test_scenes import ARMED, PATIENCE, balanced, under_way, until

Behind = Callable[..., tuple[Hosts, Proxy]]


@pytest.fixture
def behind() -> Iterator[Behind]:
    """Return what brings a fleet up behind HAProxy; it ends with the test."""
    if os.geteuid() or not shutil.which("nsenter"):
        pytest.skip("not run: run as root, with util-linux, for hosts of namespaces")
    ends: list[Callable[..., object]] = []

    def begin(number: int, *, lines: tuple[str, ...] = (), **more: object) -> tuple[Hosts, Proxy]:
        all_ = Hosts(number)
        ends.append(all_.__exit__)
        named = spaces({name: each.pid for name, each in all_.hosts.items()}, all_.home.name)
        listed = named.__enter__()
        ends.append(lambda: named.__exit__(None, None, None))
        servers = [f"server {h} 127.0.0.1:{PORT} namespace {n}" for h, n in listed.items()]
        proxy = Proxy(all_.home, [*servers, *lines])
        ends.append(proxy.__exit__)
        proxy.until(dict.fromkeys(all_.hosts, "UP"))
        all_.describe(balancer=proxy.api, backend="shop", **{"timeout": "20s", **more})
        return all_, proxy

    yield begin
    for end in reversed(ends):
        end()


@pytest.fixture
def fleet() -> Iterator[Callable[..., Hosts]]:
    """Return what brings a fleet up without a balancer; it ends with the test."""
    if os.geteuid() or not shutil.which("nsenter"):
        pytest.skip("not run: run as root, with util-linux, for hosts of namespaces")
    up: list[Hosts] = []

    def begin(number: int, **more: object) -> Hosts:
        up.append(Hosts(number, **more))
        return up[-1]

    yield begin
    for each in up:
        each.__exit__()


@pytest.mark.long
def test_users_notice_nothing_of_a_rolling_rollback(behind: Behind) -> None:
    """Each host leaves, is rolled back and is seen to be up again; every answer is a good one."""
    all_, proxy = behind(2, batches=[1], quorum=1)
    with proxy.users() as got:
        code, printed = all_.rollback("roll", ARMED)
    assert (code, "RECOVERED 2 of 2" in printed) == (0, True), printed
    assert "the balancer is tried with h1" in printed
    assert set(got) == {200}, f"{len(got)} answers: {got}"
    assert (len(got) > 20, set(all_.disks.values())) == (True, {"1"})
    assert {proxy.states[each] for each in all_.hosts} == {"UP"}
    assert all(each["out"] < each["back"] for each in all_.record["hosts"])


@pytest.mark.long
def test_a_host_that_fails_stays_out_and_nobody_else(behind: Behind) -> None:
    """The one that was rolled back before is up; the one that was never begun is, too.

    What somebody else had taken out is rolled back, and is left out.
    """
    all_, proxy = behind(4, batches=[1, 1, 1, 1], max_failed=0)
    proxy.asked("set server shop/h2 state maint")
    (all_.hosts["h3"].place / "ill").write_text("")
    code, printed = all_.rollback("roll", ARMED)
    wanted = {"h1": "recovered", "h2": "recovered", "h3": "failed", "h4": "never begun"}
    assert (code, all_.outcomes) == (1, wanted), printed
    states = {name: proxy.states[name] for name in all_.hosts}
    assert states == {"h1": "UP", "h2": "MAINT", "h3": "MAINT", "h4": "UP"}
    assert "h2: was out of service before (MAINT), and is left so" in printed


@pytest.mark.long
def test_a_stale_balancer_stops_all_before_anything(behind: Behind) -> None:
    """A server that no host has; readiness says so as well, and no host was asked for it."""
    all_, proxy = behind(1, lines=("server h9 127.0.0.1:9 check",), quorum=0)
    for verb, words in (("roll", (ARMED,)), ("ready", ())):
        code, printed = all_.rollback(verb, *words)
        assert (code, set(all_.disks.values())) == (1, {"2"}), printed
        assert "servers that are no host of the fleet: h9" in printed
        assert "HINT" in printed
    assert proxy.states["h1"] == "UP"


@pytest.mark.long
def test_an_undrain_that_lies_is_told_before_the_first_change(
    fleet: Callable[..., Hosts],
) -> None:
    """It exits with 0, and the balancer does not list the host: tried before, and seen."""
    all_ = fleet(2)
    balanced(all_, timeout="3s")
    (all_.home / "lies-h1").touch()
    code, printed = all_.rollback("roll", ARMED)
    assert (code, set(all_.disks.values())) == (1, {"2"}), printed
    assert "undrain: exit code 0, and serving does not list it" in printed
    assert "2 never begun of 2, nothing was begun; 1 not back in service" in printed

    (all_.home / "lies-h1").unlink()  # the same command brings it back first
    code, printed = all_.rollback("roll", ARMED)
    assert (code, set(all_.disks.values())) == (0, {"1"}), printed
    assert sorted(p.name for p in Path(all_.home / "serving").iterdir()) == ["h1", "h2"]


@pytest.mark.long
def test_a_signal_leaves_nobody_out_who_is_well(behind: Behind) -> None:
    """The host under way comes to its end and back; the others were never out."""
    all_, proxy = behind(3)
    process = all_.started("roll", ARMED)
    until(under_way(all_, "h1"), process)
    process.send_signal(signal.SIGTERM)
    printed = process.communicate()[0]
    assert (process.returncode, all_.outcomes["h1"]) == (2, "recovered"), printed
    assert {proxy.states[each] for each in all_.hosts} == {"UP"}


@pytest.mark.long
def test_a_killed_controller_leaves_nobody_out_who_is_well(behind: Behind) -> None:
    """Its guard waits for the rollback under way, which is cut short; status tells who is out."""
    all_, proxy = behind(3, batches=[1, 2])
    process = all_.started("roll", ARMED)
    until(under_way(all_, "h1"), process)
    process.kill()
    process.wait()
    (folder,) = (each.parent for each in all_.home.glob("reports/*/fleet.json"))
    end = time.monotonic() + PATIENCE
    while is_at_work(folder):
        assert time.monotonic() < end
        time.sleep(0.2)
    assert all_.outcomes == {"h1": "lost", "h2": "never begun", "h3": "never begun"}
    assert "its rollback: NOT RECOVERED" in all_.record["hosts"][0]["why"], all_.record
    assert {name: proxy.states[name] for name in all_.hosts} == {
        "h1": "MAINT",
        "h2": "UP",
        "h3": "UP",
    }
    code, printed = all_.rollback("status")
    assert (code, f"h1 is out of service (MAINT): run {folder.name}" in printed) == (0, True), (
        printed
    )

    code, printed = all_.rollback("roll", ARMED)
    assert (code, set(all_.disks.values())) == (0, {"1"}), printed
    assert {proxy.states[each] for each in all_.hosts} == {"UP"}
    assert "out of service" not in all_.rollback("status")[1]


@pytest.mark.long
def test_some_hosts_are_rolled_back_and_readiness_says_so_first(
    fleet: Callable[..., Hosts],
) -> None:
    """The others are left alone; who watches sees the phases; a fleet of two releases is not ready.

    A limit that names nobody is refused.
    """
    all_ = fleet(3)
    process = all_.started("roll", ARMED, "--limit=h2,h3")
    until(lambda: [*all_.home.glob("reports/*/hosts/*/reports")], process)
    watched = all_.started("status", "--watch")
    printed, seen = process.communicate()[0], watched.communicate()[0]
    assert (process.returncode, all_.disks) == (0, {"h1": "2", "h2": "1", "h3": "1"}), printed
    assert "RECOVERED 2 of 2; 1 other host left alone by --limit=h2,h3" in printed
    assert (watched.returncode, max(map(len, seen.splitlines())) <= 80) == (0, True), seen
    assert re.search(r"batch \d of 2: h[23] \w+; ", seen), seen
    assert re.search(r"(?m)^h3 +(ok|-) +ok +ok .* ok +recovered$", seen), seen

    code, printed = all_.rollback("ready", "--limit=h1")
    assert code == 1, printed
    assert "NOT READY: half rolled, 1 on 2 hosts, 2 on 1 host; " in printed
    first = printed.index("half rolled")
    assert first < printed.index("h1: ")

    code, printed = all_.rollback("roll", ARMED, "--limit=h9")
    assert (code, "no host of the fleet is called h9" in printed) == (4, True), printed
