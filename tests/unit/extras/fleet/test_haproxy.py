"""A real HAProxy: a host is out, or back, once that says so; a stale one is refused."""

from __future__ import annotations

import http.server
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_rollback.errors import Refused
from pytest_rollback.extras.fleet.balancing.balancer import DRAIN, OUT, UNDRAIN, balancer_of
from pytest_rollback.extras.fleet.balancing.haproxy import HaproxyBalancer, described
from pytest_rollback.manifest.fleet import Fleet
from tests.fleet.proxy import Proxy

HOSTS = ("h1.example", "h2.example")


class Backends(http.server.ThreadingHTTPServer):
    """A service whose health can be told to be bad, and whose `/slow` waits for `release`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.ill, self.release = False, threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer, if need be after a while."""
        assert isinstance(self.server, Backends)
        if self.path == "/slow":
            self.server.release.wait(30)
        self.send_response(500 if self.server.ill else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Two:
    """Two services behind a HAProxy."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.services = [Backends(), Backends()]

    def lines(self) -> list[str]:
        """Return the servers of the backend."""
        ports = [each.server_address[1] for each in self.services]
        return [f"server h{n} 127.0.0.1:{port}" for n, port in enumerate(ports, 1)]

    def fleet(self, **more: object) -> Fleet:
        """Return what rollback.toml says of it."""
        about = {"balancer": str(self.home / "api"), "backend": "shop", **more}
        return Fleet.model_validate({"hosts": HOSTS, **about})

    def balancer(self, **more: object) -> HaproxyBalancer:
        """Return the balancer of the fleet."""
        found = balancer_of(self.fleet(**more), HOSTS)
        assert isinstance(found, HaproxyBalancer)
        return found


@pytest.fixture
def two() -> Iterator[Two]:
    """Return two services, with a directory for their HAProxy whose path fits a socket."""
    with tempfile.TemporaryDirectory(prefix="lb-") as home:
        both = Two(Path(home))
        yield both
        for each in both.services:
            each.release.set()
            each.shutdown()


def moved(balancer: HaproxyBalancer, what: str, host: str = HOSTS[0]) -> str:
    """Carry a move out; return its problem, or its remark."""
    move = balancer.move(what, host, Path())
    while (code := move.ended()) is None:
        time.sleep(0.02)
    assert code == int(bool(move.problem))
    return move.problem or move.remark


def test_a_host_goes_out_and_comes_back(two: Two) -> None:
    """Names are what stands before the first dot; a trial is no maintenance."""
    with Proxy(two.home, two.lines()) as proxy:
        proxy.until({"h1": "UP", "h2": "UP"})
        balancer = two.balancer()
        balancer.refuse_stale()
        assert balancer.serving() == {*HOSTS}
        assert (moved(balancer, OUT), proxy.states["h1"]) == ("", "DRAIN")
        assert (moved(balancer, UNDRAIN), proxy.states["h1"]) == ("", "UP")
        assert (moved(balancer, DRAIN), proxy.states["h1"]) == ("", "MAINT")
        assert (balancer.serving(), balancer.out()) == ({HOSTS[1]}, {HOSTS[0]: "MAINT"})
        assert (moved(balancer, DRAIN), proxy.states["h1"]) == ("", "MAINT")  # again is fine
        assert (moved(balancer, UNDRAIN), proxy.states["h1"]) == ("", "UP")


def test_sessions_are_waited_for_until_the_deadline(two: Two) -> None:
    """First DRAIN with the session, then MAINT without it; a session that never ends is told."""
    with Proxy(two.home, two.lines()[:1]) as proxy:
        proxy.until({"h1": "UP"})
        with proxy.session():
            move = two.balancer().move(DRAIN, HOSTS[0], Path())
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                assert move.ended() is None
                time.sleep(0.05)
            assert proxy.states["h1"] == "DRAIN"
            two.services[0].release.set()
            while move.ended() is None:
                time.sleep(0.05)
        assert (move.problem, move.remark, proxy.states["h1"]) == ("", "", "MAINT")

        two.services[0].release.clear()
        assert moved(two.balancer(), UNDRAIN) == ""
        with proxy.session():
            said = moved(two.balancer(timeout="1s"), DRAIN)
        assert "1 sessions were still open" in said
        assert proxy.states["h1"] == "MAINT"


@pytest.mark.parametrize("checks", ["check inter 200ms fall 3", "check inter 200ms fall 1"])
def test_back_is_what_was_checked_anew(two: Two, checks: str) -> None:
    """HAProxy says UP at once; a host that is ill never counts as back."""
    with Proxy(two.home, two.lines(), checks) as proxy:
        proxy.until({"h1": "UP"})
        assert moved(two.balancer(), DRAIN) == ""
        two.services[0].ill = True
        said = moved(two.balancer(timeout="7s"), UNDRAIN)
        assert said == "undrain: DOWN at HAProxy after 7 s"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:1], "no server for h2.example"),
        (
            lambda lines: [*lines, lines[0].replace("h1", "h9")],
            "servers that are no host of the fleet: h9",
        ),
        (lambda lines: [lines[0], f"{lines[1]} no-check"], "servers without a check"),
    ],
)
def test_a_stale_balancer_is_refused(
    two: Two, change: Callable[[list[str]], list[str]], said: str
) -> None:
    """One that lacks a host, one with another server, and one that looks at none."""
    with Proxy(two.home, change(two.lines())) as proxy:
        proxy.until({"h1": "UP"})
        with pytest.raises(Refused, match=said):
            two.balancer().refuse_stale()


def test_what_is_no_host_and_serves_nobody_is_fine(two: Two) -> None:
    """A server for bad days, and one that somebody has taken out."""
    extra = ["server sorry 127.0.0.1:9 backup", "server h9 127.0.0.1:9 disabled"]
    with Proxy(two.home, [*two.lines(), *extra]) as proxy:
        proxy.until({"h1": "UP"})
        two.balancer().refuse_stale()


def test_no_answer_and_no_right_are_told(two: Two) -> None:
    """With the hint for each; a reload in the middle is waited for."""
    with pytest.raises(Refused, match="does not answer"):
        two.balancer().refuse_stale()
    with Proxy(two.home, two.lines(), level="operator") as proxy:
        proxy.until({"h1": "UP"})
        assert "Permission denied" in moved(two.balancer(), DRAIN)
    with pytest.raises(Refused, match="no server in a backend other"), Proxy(two.home, two.lines()):
        two.balancer(backend="other").refuse_stale()
    move = two.balancer().move(UNDRAIN, HOSTS[0], Path())
    assert move.ended() is None
    with Proxy(two.home, two.lines()):
        while move.ended() is None:
            time.sleep(0.05)
    assert move.problem == ""


def test_the_first_up_of_a_server_that_falls_at_once_counts_later() -> None:
    """It is there before any check."""
    row = {"svname": "h1", "status": "UP", "check_rise": "1", "check_fall": "1"}
    row |= {"check_health": "1", "scur": "", "bck": "0"}
    assert not described({**row, "lastchg": "1"}).is_up
    assert described({**row, "lastchg": "6"}).is_up
    assert not described({**row, "status": "UP 1/3", "lastchg": "6"}).is_up
