"""What is told of a criterion is read from its source: there is no second list."""

from __future__ import annotations

import pytest

from pytest_rollback.cli import explain, main
from pytest_rollback.run.shipped import of
from pytest_rollback.text.places import SUITES

EVERY = explain.every()


def told(identity: str) -> list[str]:
    """Return the headings of an explanation."""
    return [head for head, _ in explain.paragraphs(identity, EVERY[identity])]


def test_every_criterion_that_ships_is_known() -> None:
    """Those that the verdict counts, and no others."""
    suites = {each.partition(".")[0] for each in EVERY}
    shipped = {each.identity for suite in suites for each in of(SUITES, suite, ())}

    assert EVERY.keys() == shipped
    assert len(EVERY) > 100


@pytest.mark.parametrize("identity", EVERY)
def test_each_is_explained(identity: str) -> None:
    """What it checks, which line of the procedure, where it applies, how it fails."""
    found = dict(explain.paragraphs(identity, EVERY[identity]))

    assert {"checks", "procedure", "asked", "applies", "source"} <= found.keys()
    assert {"not met", "inconclusive", "advisory"} & found.keys()
    assert [head for head, text in found.items() if not text.strip()] == []


def test_ways_to_fail_have_their_hints() -> None:
    """Also those of helpers, with the words of the file for a kind of fault."""
    ways = [*explain.ways(EVERY["readiness.backups.intact"])]

    assert [each.outcome for each in ways] == ["not met", "inconclusive"]
    assert ways[0].message == "not the recorded content"
    assert "rollback save" in ways[0].hint
    assert "[target] sudo = true" in ways[1].hint


def test_the_key_that_makes_it_apply() -> None:
    """As rollback.toml has it."""
    found = dict(explain.paragraphs("drill.maintenance.shown", EVERY["drill.maintenance.shown"]))
    assert found["applies"] == "where rollback.toml has maintenance"
    assert found["part of"] == "rollback drill"


@pytest.mark.parametrize(
    ("word", "code", "said"),
    [
        ("readiness.backups.intact", 0, "rollback ready -k test_no_copy_was_altered"),
        ("backups.inta", 0, "triage.backups.intact\nreadiness.backups.intact\n"),
        ("readiness.backups.intakt", 4, "HINT: one of: readiness.backups.intact"),
    ],
)
def test_it_is_found_by_a_word(
    word: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One is explained, several are listed, none is refused with what is near."""
    assert main.main(["explain", word]) == code
    printed = capsys.readouterr()

    assert said in printed.out + printed.err
