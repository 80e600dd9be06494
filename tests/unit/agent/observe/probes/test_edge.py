"""What users get at the edge is told from one answer, and asked for on a steady beat."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.messages.probes.edge import (
    EdgeWindow,
    PageAnswer,
    WatchedEdge,
    WatchRequest,
)
from pytest_rollback.agent.observe.probes import edge
from tests.unit.support.moody import BROKEN, PAGE, UP, Server

MAINTENANCE = PageAnswer(503, "maintenance")


def watch(port: int, seconds: float) -> EdgeWindow:
    """Ask the edge at a port for some seconds."""
    described = WatchedEdge(f"http://127.0.0.1:{port}/", 200, 1.0, 0.02, MAINTENANCE)
    return edge.watch(WatchRequest(described, seconds))


@pytest.mark.parametrize(
    ("status", "body", "page", "kind"),
    [
        (200, "ok", MAINTENANCE, "up"),
        (503, "maintenance", MAINTENANCE, "maintenance"),
        (503, "oh no", MAINTENANCE, "error"),
        (None, "", MAINTENANCE, "error"),
        (503, "anything", None, "error"),
        (200, "back soon", PageAnswer(200, "back soon"), "maintenance"),
        (200, "ok", PageAnswer(200, "back soon"), "up"),
        (200, "ok", PageAnswer(200, ""), "up"),
        (503, "anything", PageAnswer(503, ""), "maintenance"),
    ],
)
def test_an_answer_is_the_system_the_page_or_an_error(
    status: int | None, body: str, page: PageAnswer | None, kind: str
) -> None:
    """The page is told by its status and its text; a status without text is the system's first."""
    assert edge.judged(status, body, WatchedEdge("http://127.0.0.1/", page=page)) == (kind, None)


@pytest.mark.parametrize(("answer", "kind"), [(UP, "up"), (PAGE, "maintenance"), (BROKEN, "error")])
def test_a_window_is_asked_on_its_beat(answer: bytes, kind: str) -> None:
    """Every answer is told with its times, over one connection, for as long as was asked for."""
    server = Server()
    server.say(answer)
    found = watch(server.port, 0.3)
    server.close()

    assert {each[2] for each in found.samples} == {kind}
    assert 2 <= len(found.samples) == server.asked <= 15
    assert all(asked <= answered for asked, answered, _ in found.samples)
    assert found.seconds >= 0.28
    assert (server.connections, found.problem) == (1, None)


def test_an_edge_that_is_gone_is_an_error_with_its_reason() -> None:
    """No answer is an answer as well; the last reason is told."""
    server = Server()
    server.close()
    found = watch(server.port, 0.1)

    assert {each[2] for each in found.samples} == {"error"}
    assert "refused" in found.problem


def test_a_missed_beat_is_left_out() -> None:
    """The next question comes on the same beat, at the first one that is not over."""
    assert edge.after(1.0, 1.05, 0.1) == pytest.approx(1.1)
    assert edge.after(1.0, 1.25, 0.1) == pytest.approx(1.3)
    assert edge.after(1.0, 0.9, 0.1) == pytest.approx(1.1)
