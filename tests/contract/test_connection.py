"""The agent answers the same way wherever it runs; here over testinfra's local connection."""

from __future__ import annotations

import pytest

from rollback.agent import wire
from rollback.connection import LONGEST, Connection, payload
from rollback.errors import Refused, Unreachable
from rollback.model import System


def system(root: str, **target: object) -> System:
    """Return a small system at a target on this machine."""
    return System.model_validate(
        {
            "system": {
                "name": "shop",
                "root": root,
                "state": "/var/lib/shop",
                "secrets": (".env",),
            },
            "target": {"name": "here", "connection": "local://", **target},
            "components": (
                {"name": "web", "unit": "shop-web", "health": "web", "log": "/var/log/shop.log"},
            ),
            "probes": {"web": {"command": ("/bin/true",)}},
        }
    )


def test_the_agent_fits_into_one_argument() -> None:
    """The kernel takes 128 KiB for one argument."""
    assert len(payload()) < LONGEST


def test_an_unknown_question_is_refused_with_a_hint(tmp_path: object) -> None:
    """What the agent cannot answer comes back as a problem, not as silence."""
    with pytest.raises(Refused, match="knows no nonsense.look"):
        Connection(system(str(tmp_path))).ask("nonsense", "look")


def test_a_host_without_python_is_named(tmp_path: object) -> None:
    """A missing python3 is one message with a way out."""
    with pytest.raises(Unreachable, match="python-of-nowhere was not found") as caught:
        Connection(system(str(tmp_path), python="python-of-nowhere")).ask("units", "look")

    assert "[target] python" in caught.value.hint


def test_several_questions_cost_one_round_trip(tmp_path: object) -> None:
    """Questions travel together."""
    connection = Connection(system(str(tmp_path)))
    probe = {"noun": "probes", "verb": "ask", "probe": {"command": ["/bin/true"]}, "samples": 1}
    connection.ask_all([probe, probe], deadline=20)

    assert connection.trips == 1


def test_a_torn_answer_is_not_an_answer() -> None:
    """Length and hash are checked before anything is believed."""
    whole = wire.frame({"answers": []})

    assert wire.unframe(b"Welcome!\n" + whole + b"bye") == {"answers": []}
    assert wire.unframe(whole.replace(b"answers", b"answerz")) is None
    assert wire.unframe(whole[:-20]) is None
