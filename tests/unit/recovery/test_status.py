"""What is told of the runs that a host knows: how each is, and the command that comes next."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.agent.messages.state.progress import RunProgress, StepState
from pytest_rollback.agent.messages.state.runs import RunState
from pytest_rollback.recovery import status

DONE = RunProgress((StepState("isolate components", "done"),), None, None, "ab12", {}, None)
OVER = RunState(
    id="r1",
    by="ann@ops1",
    when="2026-11-24T12:00:00+00:00",
    ended="2026-11-24T12:01:00+00:00",
    outcome="recovered",
    state="over",
    target="corner",
    only=(),
    holder=HolderProcess("ops1", "", "", 7, 1.0),
    progress=DONE,
)
AGAIN, UNDO = "rollback now", "rollback undo r1"


@pytest.mark.parametrize(
    ("run", "words", "following"),
    [
        (OVER, "recovered", f"nothing; to undo it: {UNDO}"),
        (
            OVER._replace(state="open", outcome=None, only=("web",)),
            "interrupted",
            f"{AGAIN} --component=web, or to undo it: {UNDO}",
        ),
        (OVER._replace(state="held"), "running", "wait for ann@ops1 (pid 7 on ops1)"),
        (
            OVER._replace(progress=DONE._replace(undo="begun")),
            "partly undone",
            f"{UNDO}",
        ),
        (
            OVER._replace(progress=DONE._replace(undo="done")),
            "recovered",
            "nothing: the run was undone",
        ),
        (OVER._replace(outcome="undone"), "undone", "nothing: the run was undone"),
        (
            OVER._replace(progress=DONE._replace(damage="line 3 is torn")),
            "damaged",
            "compare the files with their backups by hand; no file is lost",
        ),
    ],
)
def test_each_run_has_its_words_and_its_next_command(
    run: RunState, words: str, following: str
) -> None:
    """What an operator types next is never left to be found out."""
    assert (status.words(run), status.following(run)) == (words, following)


@pytest.mark.parametrize(
    ("run", "following"),
    [
        (OVER, "nothing; it cannot be undone: a changed"),
        (OVER._replace(state="open"), f"{AGAIN}; it cannot be undone: a changed"),
        (
            OVER._replace(progress=DONE._replace(undo="begun")),
            f"mend what stops the undo, a changed; then {UNDO}",
        ),
    ],
)
def test_an_undo_that_would_be_refused_has_its_reason(run: RunState, following: str) -> None:
    """And no command, but where the undo has begun."""
    found = status.following(run, status.WayBack(refused="a changed"))

    assert found == following


@pytest.mark.parametrize(
    ("back", "following"),
    [
        (
            status.WayBack(stuck="no backups"),
            f"to undo it: {UNDO}; or mend what stops it, no backups; then {AGAIN}",
        ),
        (
            status.WayBack(refused="a changed", stuck="no backups"),
            f"mend what stops it, no backups; then {AGAIN}; it cannot be undone: a changed",
        ),
    ],
)
def test_what_would_not_be_gone_on_with_has_its_reason(
    back: status.WayBack, following: str
) -> None:
    """Undo is offered first then, where it would be taken up."""
    assert status.following(OVER._replace(state="open"), back) == following


def test_a_table_has_a_line_for_each_run() -> None:
    """Id, state, time, person, and what it was about; what comes next after the last one."""
    runs = [OVER, OVER._replace(id="r2", only=("web", "till"))]
    found = [*status.table(runs)]

    assert found == [
        "r1  recovered    2026-11-24T12:00  ann@ops1  everything",
        "r2  recovered    2026-11-24T12:00  ann@ops1  web, till",
        "next: nothing; to undo it: rollback undo r2",
    ]
    assert [*status.table([])] == []


def test_one_run_is_told_with_its_steps_and_its_damage() -> None:
    """All that somebody needs who was not there."""
    damaged = OVER._replace(progress=DONE._replace(damage="line 3 is torn", head=""))
    found = [*status.detail(damaged)]

    assert found[0] == "run r1 on corner: damaged"
    assert found[1].endswith("by ann@ops1, ended 2026-11-24T12:01:00+00:00")
    assert found[2:5] == [
        "     done  isolate components",
        "  line 3 is torn",
        "  journal head none",
    ]
    assert found[5].startswith("next: compare the files")


def test_a_run_that_is_over_has_nothing_to_repair() -> None:
    """No line about damage where there is none, and no end where it goes on."""
    found = [*status.detail(OVER._replace(ended=None))]

    assert found[1] == "  begun 2026-11-24T12:00:00+00:00 by ann@ops1"
    assert found[3] == "  journal head ab12"


def test_the_facts_of_a_run_are_plain() -> None:
    """For a report: progress and run in one object, steps as objects."""
    found = status.facts(OVER)

    assert found["id"] == "r1"
    assert found["head"] == "ab12"
    assert found["steps"] == [{"name": "isolate components", "state": "done"}]
    assert "progress" not in found
