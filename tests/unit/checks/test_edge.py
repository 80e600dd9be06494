"""The prober against real servers that change their mind, hang, trickle, redirect and vanish."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_rollback.checks.availability import Availability
from pytest_rollback.checks.edge import HostProber, LocalProber, Prober, loopback, prober_for
from pytest_rollback.errors import Unreachable
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.model import System
from tests.unit.support.moody import BROKEN, GONE, PAGE, UP, Server


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server that is up."""
    server = Server()
    yield server
    server.close()


def system(url: str, connection: str = "local://", **more: str) -> System:
    """Return a system with this edge."""
    return parse(
        {
            "system": {"name": "shop", "root": "/srv/shop", "state": "/var/lib/rollback/shop"},
            "target": {"name": "corner", "connection": connection},
            "components": [{"name": "web", "unit": "web", "health": "web"}],
            "probes": {"web": {"tcp": "127.0.0.1:1"}},
            "edge": {"url": url, "timeout": "500ms", "interval": "20ms", **more},
            "maintenance": {"page": "/srv/page.html"},
        },
        "test",
    )


ENOUGH = 6


def near(server: Server, **more: str) -> LocalProber:
    """Return a prober of the server."""
    return LocalProber(system(f"http://127.0.0.1:{server.port}/health", **more))


def seen(server: Server, answer: bytes) -> Availability:
    """Return what users got in a third of a second of one answer, longer on a busy host."""
    server.say(answer)
    probing = near(server)
    probing.start()
    until = time.monotonic() + 20
    while probing.users().answers < ENOUGH and time.monotonic() < until:
        time.sleep(0.3)
    return probing.stop()


def total(users: Availability, kind: str) -> int:
    """Return how many answers of a kind there were."""
    return sum(getattr(each, kind) for each in users.seconds)


@pytest.mark.parametrize(
    ("answer", "kind"), [(UP, "up"), (PAGE, "maintenance"), (BROKEN, "error"), (GONE, "error")]
)
def test_each_answer_has_its_kind(server: Server, answer: bytes, kind: str) -> None:
    """Status and text decide; a redirect is not followed; one connection is enough."""
    users = seen(server, answer)

    assert total(users, kind) == users.answers >= ENOUGH
    assert server.connections == 1
    assert server.asked == users.answers


def test_a_story_is_told_in_spans(server: Server) -> None:
    """Up, gone, back with the maintenance page, up: each as long as it lasted."""
    probing = near(server)
    probing.start()
    time.sleep(0.5)
    server.close()
    time.sleep(0.7)
    server.say(PAGE)
    server.open()
    time.sleep(0.6)
    server.say(UP)
    time.sleep(0.4)
    users = probing.stop()

    assert users.outage_seconds == pytest.approx(0.7, abs=0.2)
    assert users.maintenance_seconds == pytest.approx(0.6, abs=0.2)
    assert [each.second for each in users.seconds] == [0, 1, 2]
    assert "Connect" in users.problem


def test_a_closed_kept_connection_is_no_outage(server: Server) -> None:
    """A peer that hangs up after each answer, without a word, is asked again at once."""
    server.behave = answer_and_leave

    users = seen_as_is(server)

    assert total(users, "up") == users.answers >= ENOUGH


def seen_as_is(server: Server, seconds: float = 0.3) -> Availability:
    """Return what users got for a while, with the server as it is."""
    probing = near(server)
    probing.start()
    time.sleep(seconds)
    return probing.stop()


def answer_and_leave(peer: socket.socket) -> None:
    """Answer, and hang up without saying so."""
    peer.sendall(UP)
    peer.close()


def hang(_peer: socket.socket) -> None:
    """Answer nothing."""


def trickle(peer: socket.socket) -> None:
    """Answer a byte now and then: every single read is in time, the whole is not."""
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        time.sleep(0.1)
        peer.sendall(b"X: y\r\n")


@pytest.mark.parametrize("behave", [hang, trickle])
def test_a_slow_answer_is_cut_at_its_timeout(
    server: Server, behave: Callable[[socket.socket], object]
) -> None:
    """The next question comes a timeout later, and all the time counts as outage."""
    server.behave = behave

    users = seen_as_is(server, 1.6)

    assert 2 <= users.answers <= 4
    assert total(users, "up") == 0
    assert users.outage_seconds == pytest.approx(1.6, abs=0.3)


def test_stop_does_not_wait_for_an_answer(server: Server) -> None:
    """With ten seconds for an answer that never comes, stopping takes at most five."""
    server.behave = hang
    probing = near(server, timeout="60s")
    probing.start()
    time.sleep(1.3)
    probing.patience = 0.2
    begin = time.monotonic()
    users = probing.stop()

    assert time.monotonic() - begin < 5
    assert users.outage_seconds is None
    assert probing.stop() == users


def test_a_silence_after_an_answer_is_an_outage(server: Server) -> None:
    """A question that is still open counts against the system, not for it."""
    probing = near(server, timeout="60s")
    probing.patience = 0.1
    probing.start()
    time.sleep(0.2)
    server.behave = hang
    time.sleep(1.5)
    users = probing.stop()

    assert users.outage_seconds is not None
    assert users.outage_seconds == pytest.approx(1.6, abs=0.25)


def test_a_huge_answer_costs_nothing(server: Server) -> None:
    """Of a body without an end only the begin is read."""
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 200_000
    users = seen(server, endless)

    assert total(users, "up") == users.answers > 2


def test_a_system_without_an_edge_is_not_asked(server: Server) -> None:
    """Nothing is measured, and that is said."""
    plain = system("http://127.0.0.1/").model_copy(update={"edge": None})
    probing = prober_for(plain)
    probing.start()

    assert type(probing) is Prober
    assert probing.stop() == Availability()
    assert server.asked == 0


def test_stop_without_start_is_nothing() -> None:
    """Nobody asked: no second, no outage, no error."""
    users = LocalProber(system("http://127.0.0.1:1/")).stop()

    assert (users.seconds, users.outage_seconds, users.answers) == ((), None, 0)


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/", "https://127.0.0.1:1/"])
def test_an_address_that_leads_nowhere_is_an_outage(url: str) -> None:
    """A name that nobody knows and a port that nobody opens are errors, and no exception."""
    probing = LocalProber(system(url))
    probing.start()
    time.sleep(0.4)
    users = probing.stop()

    assert total(users, "error") == users.answers > 0
    assert users.problem


@pytest.mark.parametrize(
    ("url", "connection", "kind"),
    [
        ("http://localhost/health", "local://", LocalProber),
        ("http://localhost/health", "ssh://root@shop1", HostProber),
        ("http://127.0.0.3:81/", "podman://shop", HostProber),
        ("http://[::1]/", "ssh://root@shop1", HostProber),
        ("https://shop.example/", "ssh://root@shop1", LocalProber),
    ],
)
def test_the_edge_is_asked_from_where_its_address_means_it(
    url: str, connection: str, kind: type[Prober]
) -> None:
    """A loopback address of a remote target is the host's own."""
    assert type(prober_for(system(url, connection))) is kind
    assert loopback(url) == ("example" not in url)


def test_the_host_asks_itself(server: Server) -> None:
    """The agent's windows give the same counts, over a real connection of its own."""
    probing = HostProber(system(f"http://127.0.0.1:{server.port}/health"))
    probing.start()
    time.sleep(2)
    server.say(PAGE)
    users = probing.stop()

    assert users.asked_from == "local://"
    assert total(users, "up") > 50
    assert total(users, "maintenance") > 20
    assert users.outage_seconds == 0


def test_a_host_that_is_lost_is_said() -> None:
    """An unreachable host ends nothing: there is no measurement, and a problem."""

    class Lost:
        where = "ssh://nobody"

        def ask(self, *_words: object, **_more: object) -> Any:  # noqa: ANN401
            raise Unreachable("the host is lost", hint="look for it")

        def close(self) -> None:
            pass

    probing = HostProber(system("http://127.0.0.1/", "ssh://nobody"), lambda _: Lost())  # type: ignore[arg-type, return-value]
    probing.start()
    time.sleep(0.1)
    users = probing.stop()

    assert (users.outage_seconds, users.problem) == (None, "the host is lost")
