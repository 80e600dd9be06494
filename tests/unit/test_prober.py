"""The prober against real servers that change their mind, hang, trickle, redirect and vanish."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.agent import edge
from rollback.errors import Unreachable
from rollback.manifest import parse
from rollback.model import System
from rollback.prober import Far, Near, Prober, loopback, prober_for
from rollback.tally import KINDS, Sample, Tally, Users

UP = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PAGE = b"HTTP/1.1 503 Wait\r\nContent-Length: 11\r\n\r\nmaintenance"
BROKEN = b"HTTP/1.1 503 Wait\r\nContent-Length: 5\r\n\r\noh no"
GONE = b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"


class Server:
    """A real server on loopback that answers as it is told to at that moment."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = self.asked = 0
        self.behave: Callable[[socket.socket], object] = lambda peer: peer.sendall(UP)
        self.open()

    def open(self) -> None:
        """Listen; on the same port as before where there was one."""
        self.listener = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        self.port = self.listener.getsockname()[1]
        self.peers: list[socket.socket] = []
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def close(self) -> None:
        """Stop listening, and hang up on everybody."""
        for each in (self.listener, *self.peers):
            with closing(each):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def accept(self, listener: socket.socket) -> None:
        """Serve each connection in a thread."""
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self.peers.append(peer)
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer: socket.socket) -> None:
        """Answer every request of one connection."""
        try:
            while peer.recv(4096):
                self.asked += 1
                self.behave(peer)
        except OSError:
            return

    def say(self, answer: bytes) -> None:
        """Give this answer from now on."""
        self.behave = lambda peer: peer.sendall(answer)


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


def near(server: Server, **more: str) -> Near:
    """Return a prober of the server."""
    return Near(system(f"http://127.0.0.1:{server.port}/health", **more))


def seen(server: Server, answer: bytes) -> Users:
    """Return what users got in a third of a second of one answer."""
    server.say(answer)
    probing = near(server)
    probing.start()
    time.sleep(0.3)
    return probing.stop()


def total(users: Users, kind: str) -> int:
    """Return how many answers of a kind there were."""
    return sum(each[kind] for each in users.seconds)


@pytest.mark.parametrize(
    ("answer", "kind"), [(UP, "up"), (PAGE, "maintenance"), (BROKEN, "error"), (GONE, "error")]
)
def test_each_answer_has_its_kind(server: Server, answer: bytes, kind: str) -> None:
    """Status and text decide; a redirect is not followed; one connection is enough."""
    users = seen(server, answer)

    assert total(users, kind) == users.answers > 5
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
    assert [each["second"] for each in users.seconds] == [0, 1, 2]
    assert "Connect" in users.problem


def test_a_closed_kept_connection_is_no_outage(server: Server) -> None:
    """A peer that hangs up after each answer, without a word, is asked again at once."""
    server.behave = answer_and_leave

    users = seen_as_is(server)

    assert total(users, "up") == users.answers > 5


def seen_as_is(server: Server, seconds: float = 0.3) -> Users:
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

    assert time.monotonic() - begin < 1
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
    assert probing.stop() == Users()
    assert server.asked == 0


def test_stop_without_start_is_nothing() -> None:
    """Nobody asked: no second, no outage, no error."""
    users = Near(system("http://127.0.0.1:1/")).stop()

    assert (users.seconds, users.outage_seconds, users.answers) == ((), None, 0)


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/", "https://127.0.0.1:1/"])
def test_an_address_that_leads_nowhere_is_an_outage(url: str) -> None:
    """A name that nobody knows and a port that nobody opens are errors, and no exception."""
    probing = Near(system(url))
    probing.start()
    time.sleep(0.4)
    users = probing.stop()

    assert total(users, "error") == users.answers > 0
    assert users.problem


@pytest.mark.parametrize(
    ("url", "connection", "kind"),
    [
        ("http://localhost/health", "local://", Near),
        ("http://localhost/health", "ssh://root@shop1", Far),
        ("http://127.0.0.3:81/", "podman://shop", Far),
        ("http://[::1]/", "ssh://root@shop1", Far),
        ("https://shop.example/", "ssh://root@shop1", Near),
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
    probing = Far(system(f"http://127.0.0.1:{server.port}/health"))
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

    probing = Far(system("http://127.0.0.1/", "ssh://nobody"), lambda _: Lost())  # type: ignore[arg-type, return-value]
    probing.start()
    time.sleep(0.1)
    users = probing.stop()

    assert (users.outage_seconds, users.problem) == (None, "the host is lost")


@pytest.mark.parametrize(
    ("status", "page", "kind"),
    [
        (200, {"status": 200, "body": "wait"}, "up"),
        (200, {"status": 200, "body": "fine"}, "maintenance"),
        (200, {"status": 200, "body": ""}, "up"),
        (503, {"status": 503, "body": ""}, "maintenance"),
        (503, None, "error"),
        (None, {"status": 503, "body": ""}, "error"),
    ],
)
def test_a_page_with_the_systems_status_is_known_by_its_text(
    status: int | None, page: dict[str, Any] | None, kind: str
) -> None:
    """What cannot be told apart is not called maintenance."""
    assert edge.kind(status, "all is fine", {"status": 200, "maintenance": page}) == kind


def test_the_beat_is_kept() -> None:
    """Questions that were due meanwhile are left out; the next comes on the beat."""
    assert edge.after(1.0, 1.01, 0.1) == pytest.approx(1.1)
    assert edge.after(1.0, 1.57, 0.1) == pytest.approx(1.6)
    assert edge.after(1.0, 0.9, 0.1) == pytest.approx(1.1)


Steps = st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), st.sampled_from(KINDS)), max_size=30)


@given(Steps, st.floats(0, 9))
def test_spans_add_up_to_the_whole_time(steps: list[Any], rest: float) -> None:
    """Every moment from the first question to the end is counted once, whatever happened."""
    tally, at, first = Tally(1.0), 0.0, 0.0
    for index, (pause, wait, kind) in enumerate(steps):
        asked = at + pause
        first = first if index else asked
        at = asked + wait
        tally.add(Sample(asked, at, kind))
    ended = tally.close(at + rest)

    whole = at + rest - first if steps else 0.0
    assert sum(ended.spans.values()) == pytest.approx(whole)
    assert sum(ended.spans.values()) == sum(tally.close(at + rest).spans.values())


def test_an_answer_after_a_second_is_an_outage_until_it_comes() -> None:
    """Users who waited for it saw nothing; afterwards they got it."""
    tally = Tally(1.0)
    tally.add(Sample(0.5, 3.0, "up"))
    ended = tally.close(3.4)

    assert ended.spans == pytest.approx({"up": 0.4, "maintenance": 0.0, "error": 2.5})
    assert [each["error"] for each in ended.seconds()] == [1, 1, 1, 0]


def test_a_day_does_not_fill_the_memory() -> None:
    """Seconds are kept for some hours; the sums go on."""
    tally = Tally(1.0)
    for second in range(100_000):
        tally.add(Sample(second, second + 0.1, "up"))

    assert len(tally.counts) < 20_000
    assert tally.close(100_000).spans["up"] == pytest.approx(100_000)
