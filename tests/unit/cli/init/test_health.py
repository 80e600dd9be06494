"""What tells a healthy answer: words that mean good, and nothing that might be a secret."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.messages.probes.sample import ProbeResult
from pytest_rollback.cli.init.health import NOWHERE, PATHS, limited, paths, pattern
from tests.unit.cli.init.hosts import health


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"status": "ok"}', '"status": ?"ok"'),
        ('{"version": 3, "state":"fine"}', '"state": ?"fine"'),
        ('{"healthy": true}', '"healthy": ?true'),
        ('{"healthy": false}', ""),
        ('{"status": "tok_4f9a8b7c6d5e"}', ""),
        ('{"token": "tok_4f9a8b7c6d5e"}', ""),
        ('{"status": "UP", "parts": [' + '"x", ' * 100, '"status": ?"UP"'),
        ("OK\n", "^OK"),
        ("pong", "^pong"),
        ("tok_4f9a8b7c6d5e", ""),
        ("<html><title>Shop (1)</title>", r"<title>Shop\ \(1\)"),
        ('["ok"]', ""),
        ("", ""),
    ],
)
def test_only_good_words_are_taken(body: str, found: str) -> None:
    """Of JSON, also where it was cut; of a word; of the title of a page."""
    assert pattern(body) == found


def said(**bodies: str) -> dict[str, ProbeResult]:
    """Return answers by address; one without a body is 404."""
    where = "http://localhost:80"
    found = {f"{where}{path}": ProbeResult((), 1, None, 404, "", None) for path in PATHS}
    found[f"{where}{NOWHERE}"] = found[f"{where}/"]
    named = {"health": "/health", "root": "/", "nowhere": NOWHERE}
    for name, body in bodies.items():
        found[f"{where}{named[name]}"] = ProbeResult((1.0,), 0, None, 200, body, None)
    return found


def test_who_answers_everything_is_asked_for_nothing_special() -> None:
    """A page that answers every path says nothing about health by its name."""
    where = "http://localhost:80"
    assert paths(said(health="ok", root="home"), where) == ["/health", "/"]
    assert paths(said(health="home", root="home", nowhere="home"), where) == ["/"]
    assert paths(said(health="ok", root="home", nowhere="home"), where) == ["/health"]


def test_a_slow_answer_gets_a_limit_with_room() -> None:
    """Four times what was seen, or the usual one."""
    quick = ProbeResult((1.0, 20.0), 0, None, 200, "", None)
    assert limited(health(), quick) == health()
    slow = limited(health(), quick._replace(samples_ms=(1.0, 120.0)))
    assert slow.keys[-1] == ("limit", "500ms", "2 answers took up to 120 ms")
