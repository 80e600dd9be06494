"""Texts are cut where a word ends: nobody would know the half of a secret."""

from __future__ import annotations

import json

import pytest

from pytest_rollback.agent.errors import shortened
from pytest_rollback.agent.observe.logs.findings import shown
from pytest_rollback.agent.observe.logs.reading import LineRead
from pytest_rollback.agent.observe.trial.trial import answer
from pytest_rollback.agent.rollback.export import lasting
from pytest_rollback.agent.system.command import CommandResult
from pytest_rollback.agent.system.masking.writings import ValueMask

SECRET = "Zq8fLw2Kx9"  # noqa: S105 - it is nobody's
TEXTS = [
    f"{'word ' * words}{' ' * blanks}{SECRET} and more {'x ' * 900}"
    for words in (58, 198)
    for blanks in range(12)
]
HIDE = ValueMask([SECRET])


def pieces() -> set[str]:
    """Return each part of the secret that would tell something of it."""
    return {SECRET[at : at + 3] for at in range(len(SECRET) - 2)}


@pytest.mark.parametrize("text", TEXTS)
def test_no_half_of_a_secret_is_left(text: str) -> None:
    """Wherever the limit falls: of an error, a log, a command, a trial; and of ends of texts."""
    line = LineRead(None, None, text)
    said = [
        shown([line], 0, 0, 0),
        CommandResult(1, "", text, 0.0).words,
        answer(json.dumps({"problem": text, "first_ms": None, "ms": None})).problem or "",
        lasting(text[::-1].replace(SECRET[::-1], SECRET), 300),
    ]

    assert [each for each in map(HIDE.text, said) if any(piece in each for piece in pieces())] == []


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("short", "short"),
        ("exactly10!", "exactly10!"),
        ("one two three", "one two"),
        ("one two th ree", "one two th"),
        ("x" * 20, "x" * 10),
        ("a " + "x" * 20, "a " + "x" * 8),
        ('{"a":"b","c', '{"a":"b",'),
    ],
)
def test_what_is_left(text: str, cut: str) -> None:
    """Whole words, as many as there is room for; of one that is too long, its beginning."""
    assert shortened(text, 10) == cut
    assert lasting(text[::-1], 10) == cut[::-1]
