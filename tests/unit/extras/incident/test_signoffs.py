"""What people tick: noted once, with who and when, whatever happened to the file before."""

from __future__ import annotations

import datetime as dt
import json
import threading
from pathlib import Path

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import changes, seal, signoffs
from pytest_rollback.evidence.events import (
    Decided,
    Event,
    ItemTicked,
    ItemWithdrawn,
    MessageSent,
    PersonEvent,
    RunFinished,
)
from pytest_rollback.extras.incident import amend
from pytest_rollback.extras.incident.checklist import FOLLOW, POST, PRE, ChecklistItem, checklist
from tests.unit.support.run_facts import NOON, event, outcome
from tests.unit.support.run_folder import call, left, story, written

ITEMS = (
    ChecklistItem(PRE, "Tell them"),
    ChecklistItem(POST, "Watch it"),
    ChecklistItem(FOLLOW, "Find out why"),
)
DECIDED, FINISHED = Decided(at=NOON.isoformat()), RunFinished(at=NOON.isoformat())


def ticked(item: str, after: float, kind: type[PersonEvent] = ItemTicked) -> PersonEvent:
    """Return a tick so many seconds after noon."""
    at = NOON + dt.timedelta(seconds=after)
    return kind(item, "ann@ops1", at=at.isoformat())


def states(now: float, *events: Event) -> list[str]:
    """Return the states of the three items at a time after noon."""
    at = NOON + dt.timedelta(seconds=now)
    return [each.state for each in checklist([], [DECIDED, FINISHED, *events], ITEMS, at)]


def test_what_nobody_ticks_is_missing_once_its_time_is_over() -> None:
    """Two minutes before it starts, fifteen after it, a day for the rest."""
    nothing, missing = "not checked", "missing"

    assert states(100) == [nothing, nothing, nothing]
    assert states(121) == [missing, nothing, nothing]
    assert states(901) == [missing, missing, nothing]
    assert states(86401) == [missing, missing, missing]


def test_a_tick_in_time_is_done_and_one_after_it_is_late() -> None:
    """The time of the tick counts, not the time of the look."""
    ticks = [ticked("tell-them", 60), ticked("watch-it", 1000), ticked("find-out-why", 86400)]

    assert states(90000, *ticks) == ["done", "late", "done"]


def test_a_tick_that_was_withdrawn_is_none_and_the_first_one_counts() -> None:
    """Somebody was wrong; who ticks again does it later."""
    first, second = ticked("tell-them", 60), ticked("tell-them", 500)
    back = ticked("tell-them", 70, ItemWithdrawn)

    assert states(1, first, second)[0] == "done"
    assert states(1, first, back)[0] == "not checked"
    assert states(1, first, back, second)[0] == "late"


def test_a_readiness_run_misses_nothing() -> None:
    """Nothing was decided: no time runs."""
    (found,) = checklist([], [FINISHED], ITEMS[1:2], NOON + dt.timedelta(days=9))

    assert found.state == "not checked"


def test_nobody_ticks_what_a_criterion_found_missing() -> None:
    """A person adds what no criterion saw, and contradicts none."""
    items = (ChecklistItem(PRE, "It is so", (("a.b.c",),)),)
    tick = ticked("it-is-so", 1)

    assert checklist([outcome("a.b.c", "not met")], [tick], items)[0].state == "missing"
    assert checklist([], [tick], items)[0].state == "done"


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([], "not checked"),
        (["accepted"], "done"),
        (["accepted", "accepted"], "done"),
        (["accepted", "failed"], "not checked"),
    ],
)
def test_messages_tick_an_item_when_all_were_accepted(outcomes: list[str], state: str) -> None:
    """One channel that failed leaves somebody untold."""
    items = (ChecklistItem(PRE, "Tell them", told=("start",)),)
    sent = [MessageSent("pager", "start", each) for each in outcomes]

    assert checklist([], sent, items)[0].state == state


def test_a_torn_line_is_ended_before_the_next_begins(tmp_path: Path) -> None:
    """A killed run leaves half an event; what people do afterwards is whole."""
    folder = written(tmp_path / "r", story())
    with (folder / "timeline.jsonl").open("a") as file:
        file.write('{"at": "2026-11-24T12:00:09+00:00", "ev')
    signoffs.note(folder, ItemTicked("watch-it", "ann"))

    *_, last = (folder / "timeline.jsonl").read_text().splitlines()
    assert json.loads(last)["item"] == "watch-it"
    assert signoffs.ticks(signoffs.events(folder)).keys() == {"watch-it"}


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    """Every one of them is a line of its own."""
    folder = written(tmp_path / "r", story())
    names = [f"item-{number}" for number in range(40)]
    threads = [
        threading.Thread(target=signoffs.note, args=(folder, ItemTicked(name))) for name in names
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert signoffs.ticks(signoffs.events(folder)).keys() == set(names)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Nobody has us write elsewhere."""
    folder, other = tmp_path / "r", tmp_path / "other"
    folder.mkdir()
    other.write_text("mine\n")
    (folder / "timeline.jsonl").symlink_to(other)

    with pytest.raises(UsageError):
        signoffs.note(folder, ItemTicked("a"))
    assert other.read_text() == "mine\n"


def test_ticks_of_an_earlier_run_of_the_incident_count(tmp_path: Path) -> None:
    """The list before a drill is ticked before the drill; another incident's is not ours."""
    for name, incident in (("a1", "INC-1"), ("a2", "INC-2"), ("a3", None)):
        folder = written(tmp_path / name, story(incident=incident))
        signoffs.note(folder, ItemTicked(f"of-{name}", "ann"))
    last = written(tmp_path / "b", story(incident="INC-1"))

    assert [each.item for each in signoffs.before(last, "INC-1")] == ["of-a1"]
    assert signoffs.before(last, None) == []


def test_the_report_tells_a_tick_and_stays_as_it_is_otherwise(tmp_path: Path) -> None:
    """Page, data and timeline have it; the page differs in its checklist, and in that it was."""
    folder = left(tmp_path)
    before = (folder / "report.html").read_text()
    amend.amend(folder, ItemTicked("root-cause-analysis-completed", "ann@ops1"))
    after = (folder / "report.html").read_text()

    said = "ann@ops1 at "
    assert (said in before, said in after) == (False, True)
    assert changes.of_page(before) == changes.of_page(after)
    amended = "amended: 1 entry added since the run ended, the last by ann@ops1 at "
    assert (amended in before, amended in after) == (False, True)
    record = json.loads((folder / "report.json").read_text())
    states = {each["key"]: each["state"] for each in record["checklist"]}
    assert states["root-cause-analysis-completed"] in {"done", "late"}


def test_the_script_ticks_shows_and_takes_back(tmp_path: Path) -> None:
    """By number, by short name, with a note; and nothing is ticked when one word is wrong."""
    folder = left(tmp_path)
    where = ("--reports", str(tmp_path))

    assert call("checklist", "tick", "notify", "2", "--by", "ann", *where)[0] == 0
    code, printed = call("checklist", "tick", "1", "nonsense", *where)
    assert (code, "there is no item named 'nonsense'\nHINT: " in printed) == (4, True)
    assert signoffs.ticks(signoffs.events(folder)).keys() == {
        "notify-stakeholders",
        "estimate-user-impact",
    }
    assert "Notify stakeholders  (late; ann at " in call("checklist", "show", *where)[1]
    assert call("checklist", *where, "untick", "2", said="")[0] == 0
    assert signoffs.ticks(signoffs.events(folder)).keys() == {"notify-stakeholders"}


@pytest.mark.parametrize(
    "words",
    [
        ["tick"],
        ["tick", ""],
        ["tick", "0"],
        ["tick", "99"],
        ["tick", "--", "-1"],
        ["tick", "1", "--run", "no-such"],
        ["show", "--run", "/"],
        ["show", "--run", "a\0b"[:1] * 5000],
        ["nonsense"],
        ["ack", "--reports", "/nonexistent"],
        ["--run"],
    ],
)
def test_bad_input_gives_one_line_and_a_hint(tmp_path: Path, words: list[str]) -> None:
    """Exit code 4, never a traceback."""
    left(tmp_path)
    code, printed = call("checklist", "--reports", str(tmp_path), *words)

    assert code == 4, printed
    assert "HINT: " in printed
    assert "Traceback" not in printed


def test_a_secret_in_a_note_is_not_kept(tmp_path: Path) -> None:
    """What somebody pastes is redacted like everything else."""
    folder = left(tmp_path)
    secret = "s3cr3t-t0ken-9"  # noqa: S105 - nobody's
    words = ("tick", "1", "--note", f"token is {secret}", "--reports", str(tmp_path))
    code, printed = call("checklist", *words, PAGER_TOKEN=secret)

    assert code == 0, printed
    assert all(secret.encode() not in each.read_bytes() for each in folder.rglob("*.*"))
    assert "token is ***" in (folder / "timeline.jsonl").read_text()


def test_the_checklist_is_of_the_incident_not_of_one_run(tmp_path: Path) -> None:
    """What a rollback did not look at is ticked by the monitor after it."""
    names = ("monitor.health.steady", "monitor.restarts.none", "monitor.logs.clean")
    met = [event("criterion", 1.0, id=name, component=None, outcome="met") for name in names]
    written(tmp_path / "20261124-130000-cccc", [*story(incident="INC-1"), *met])
    mine = left(tmp_path, events=story(incident="INC-1"), incident="INC-1")
    alone = left(tmp_path, "20261124-140000-dddd")

    states = [{each.item: each.state for each in amend.items(one)} for one in (mine, alone)]
    watched = "Monitor system for 15 minutes minimum"
    assert [each[watched] for each in states] == ["done", "missing"]
    assert states[0]["Health checks passing"] == states[1]["Health checks passing"]


def test_ticks_do_not_count_as_changes(tmp_path: Path) -> None:
    """The timeline grows, the report tells it, and the first seal still holds."""
    folder = left(tmp_path)
    head = seal.seals(folder)[0].hash
    for item in ("notify-stakeholders", "root-cause-analysis-completed"):
        amend.amend(folder, ItemTicked(item, "ann"))

    assert [*changes.changed(folder, head)] == []
    assert len(seal.seals(folder)) == 3
    assert call("report verify", str(folder), "--head", head)[0] == 0
