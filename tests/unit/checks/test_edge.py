"""The prober against real servers that change their mind, hang, trickle, redirect and vanish."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_rollback.agent.messages.probes.edge import WatchedEdge
from pytest_rollback.checks.availability import KINDS, Availability
from pytest_rollback.checks.edge import (
    HostProber,
    LocalProber,
    Prober,
    loopback,
    prober_for,
    watched,
)
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
    """Return a system with this edge; no answer of a busy host comes near its timeout."""
    return parse(
        {
            "system": {"name": "shop", "root": "/srv/shop", "state": "/var/lib/rollback/shop"},
            "target": {"name": "corner", "connection": connection},
            "components": [{"name": "web", "unit": "web", "health": "web"}],
            "probes": {"web": {"tcp": "127.0.0.1:1"}},
            "edge": {"url": url, "timeout": "60s", "interval": "20ms", **more},
            "maintenance": {"page": "/srv/page.html"},
        },
        "test",
    )


def edge(url: str, **more: str) -> WatchedEdge:
    """Return the edge of such a system, as it is asked."""
    found = watched(system(url, **more))
    assert found
    return found


ENOUGH = 6


def near(server: Server, **more: str) -> LocalProber:
    """Return a prober of the server."""
    return LocalProber(edge(f"http://127.0.0.1:{server.port}/health", **more))


def seen(probing: Prober, number: int = ENOUGH) -> Availability:
    """Return what users got until there were so many answers."""
    probing.start()
    assert waited(lambda: probing.users().answers >= number)
    return probing.stop()


def waited(met: Callable[[], object]) -> bool:
    """Return whether something becomes true within a minute."""
    until = time.monotonic() + 60
    while not met() and time.monotonic() < until:
        time.sleep(0.01)
    return bool(met())


def total(users: Availability, kind: str) -> int:
    """Return how many answers of a kind there were."""
    return sum(getattr(each, kind) for each in users.seconds)


def again(probing: Prober, kind: str) -> float:
    """Return a moment after which there was a question that got this answer, and its answer.

    The last answer so far may be to an earlier question, the next one may be under way.
    """
    begin, before = time.monotonic(), total(probing.users(), kind)
    assert waited(lambda: total(probing.users(), kind) >= before + 2)
    return begin


@pytest.mark.parametrize(
    ("answer", "kind"), [(UP, "up"), (PAGE, "maintenance"), (BROKEN, "error"), (GONE, "error")]
)
def test_each_answer_has_its_kind(server: Server, answer: bytes, kind: str) -> None:
    """Status and text decide; a redirect is not followed; one connection is enough."""
    server.say(answer)
    users = seen(near(server))

    assert total(users, kind) == users.answers >= ENOUGH
    assert server.connections == 1
    assert server.asked == users.answers


def test_a_story_is_told_in_spans(server: Server) -> None:
    """Up, gone, back with the maintenance page, up: each as long as it lasted.

    It began and ended between two moments that are known, however busy the host is.
    """
    probing = near(server)
    probing.tally.gap = 60.0
    probing.start()
    last_up = again(probing, "up")
    server.close()
    again(probing, "error")
    first_error = time.monotonic()
    time.sleep(0.5)
    last_error = again(probing, "error")
    server.say(PAGE)
    server.open()
    again(probing, "maintenance")
    first_page = time.monotonic()
    time.sleep(0.5)
    last_page = again(probing, "maintenance")
    server.say(UP)
    again(probing, "up")
    second_up = time.monotonic()
    users = probing.stop()

    assert users.outage_seconds is not None
    assert users.maintenance_seconds is not None
    assert last_error - first_error <= users.outage_seconds <= first_page - last_up
    assert last_page - first_page <= users.maintenance_seconds <= second_up - last_error
    counted = [each.second for each in users.seconds]
    assert counted == sorted(counted)
    assert (counted[0], counted[-1]) == (0, int(second_up - probing.began))
    assert sum(total(users, kind) for kind in KINDS) == users.answers
    assert "Connect" in users.problem


def test_a_closed_kept_connection_is_no_outage(server: Server) -> None:
    """A peer that hangs up after each answer, without a word, is asked again at once."""
    server.behave = answer_and_leave

    users = seen(near(server))

    assert total(users, "up") == users.answers >= ENOUGH


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

    begin = time.monotonic()
    users = seen(near(server, timeout="500ms"), 3)
    whole = time.monotonic() - begin

    assert total(users, "error") >= users.answers
    assert total(users, "up") == 0
    assert users.outage_seconds is not None
    assert 3 * 0.4 < users.outage_seconds <= whole


def test_stop_does_not_wait_for_an_answer(server: Server) -> None:
    """With minutes for an answer that never comes, stopping does not wait for it."""
    server.behave = hang
    probing = near(server, timeout="300s")
    probing.start()
    assert waited(lambda: server.asked)
    assert probing.patience == 5.0
    probing.patience = 0.2
    begin = time.monotonic()
    users = probing.stop()

    assert time.monotonic() - begin < 300
    assert users.outage_seconds is None
    assert probing.stop() == users


def test_a_silence_after_an_answer_is_an_outage(server: Server) -> None:
    """A question that is still open counts against the system, not for it."""
    probing = near(server)
    probing.patience = 0.1
    probing.start()
    last_up = again(probing, "up")
    server.behave = hang
    asked = server.asked
    assert waited(lambda: server.asked > asked)
    silent = time.monotonic()
    time.sleep(1.5)  # longer than the second that is nobody's outage
    waiting = time.monotonic()
    users = probing.stop()

    assert users.outage_seconds is not None
    assert waiting - silent <= users.outage_seconds <= time.monotonic() - last_up


def test_a_huge_answer_costs_nothing(server: Server) -> None:
    """Of a body without an end only the begin is read."""
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 200_000
    server.say(endless)
    users = seen(near(server))

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
    users = LocalProber(edge("http://127.0.0.1:1/")).stop()

    assert (users.seconds, users.outage_seconds, users.answers) == ((), None, 0)


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/", "https://127.0.0.1:1/"])
def test_an_address_that_leads_nowhere_is_an_outage(url: str) -> None:
    """A name that nobody knows and a port that nobody opens are errors, and no exception."""
    probing = LocalProber(edge(url))
    users = seen(probing, 1)

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
    url = f"http://127.0.0.1:{server.port}/health"
    probing = HostProber(system(url), edge(url))
    probing.patience = probing.tally.gap = 60.0
    probing.start()
    assert waited(lambda: server.asked > ENOUGH)
    server.say(PAGE)
    asked = server.asked
    assert waited(lambda: server.asked > asked + ENOUGH)
    users = probing.stop()

    assert users.asked_from == "local://"
    assert total(users, "up") >= ENOUGH
    assert total(users, "maintenance") >= ENOUGH
    assert total(users, "up") + total(users, "maintenance") == users.answers
    assert users.outage_seconds == 0


def test_a_host_that_is_lost_is_said() -> None:
    """An unreachable host ends nothing: there is no measurement, and a problem."""

    class Lost:
        where = "ssh://nobody"

        def ask(self, *_words: object, **_more: object) -> Any:  # noqa: ANN401
            raise Unreachable("the host is lost", hint="look for it")

        def close(self) -> None:
            pass

    url = "http://127.0.0.1/"
    probing = HostProber(system(url, "ssh://nobody"), edge(url), lambda _: Lost())  # type: ignore[arg-type, return-value]
    probing.start()
    assert waited(lambda: probing.problem)
    users = probing.stop()

    assert (users.outage_seconds, users.problem) == (None, "the host is lost")
