"""Telling people beside a run: never in its way, never silently in vain, until somebody answers."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_rollback.evidence import signoffs
from pytest_rollback.evidence.events import (
    Acknowledged,
    ActionBegun,
    CriterionEnded,
    Decided,
    Event,
    LevelCalled,
    MessageSent,
    RunFinished,
)
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.extras.incident import delivery, escalation, webhooks
from pytest_rollback.extras.incident.channels import channels_of
from pytest_rollback.extras.incident.delivery import Mailroom, Notifier
from pytest_rollback.extras.incident.messages import MessageContext
from pytest_rollback.extras.incident.webhooks import WebhookChannel
from pytest_rollback.manifest.contacts import Contact, Notify, Pager
from pytest_rollback.manifest.model import System
from tests.unit.support.mailbox import Inbox, inbox
from tests.unit.support.run_facts import NOON, SYSTEM
from tests.unit.support.run_folder import REPOSITORY, call, story, written

TOKEN = "t0ken-&<\"'%-value"  # noqa: S105 - nobody's
CHAIN = tuple(
    Contact(level=n, name=f"Level {n}", contact=f"c{n}", respond=f"{minutes}m", scope="all")  # type: ignore[arg-type]
    for n, minutes in ((1, 5), (2, 15), (3, 30))
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token, short looks, and patience enough for a busy host."""
    monkeypatch.setenv("PAGER_TOKEN", TOKEN)
    monkeypatch.setattr(delivery, "LOOK", 0.02)
    monkeypatch.setattr(delivery, "PATIENCE", 60.0)
    for name in ("CONNECT", "READ", "WHOLE"):
        monkeypatch.setattr(webhooks, name, 60.0)


def told_by(url: str, **budgets: str) -> System:
    """Return a system whose people are told by one pager."""
    pager = Pager(url=url, variable="PAGER_TOKEN")
    return SYSTEM.model_copy(
        update={
            "notify": Notify(pager=pager),
            "contacts": CHAIN,
            "budgets": type(SYSTEM.budgets).model_validate(budgets),
        }
    )


class NotifiedRun:
    """A run that tells people: a timeline, and the notifier that listens to it."""

    def __init__(self, folder: Path, system: System) -> None:
        self.timeline = Timeline(folder)
        self.folder = folder
        words = MessageContext(system, "r1", "ann@ops1", "INC-1")
        self.notifier = Notifier(
            words,
            Mailroom(channels_of(system), self.timeline.note),
            self.timeline.note,
            lambda: [*self.timeline.events, *signoffs.foreign(folder)],
        )
        self.timeline.listeners.append(self.notifier.hear)

    def end(self, verdict: str = "RECOVERED") -> list[str]:
        """End the run."""
        return self.notifier.end(verdict, 41.0, "abc", "pytest suites/drill")


@pytest.fixture
def box() -> Iterator[Inbox]:
    """A pager that takes everything."""
    with inbox() as made:
        yield made


def subjects(box: Inbox) -> list[str]:
    """Return what a pager was told of."""
    return [str(each["body"]["event"]) for each in box.requests]


def until(box: Inbox, about: str) -> None:
    """Wait until a pager was told of something."""
    end = time.monotonic() + 60
    while about not in subjects(box):
        assert time.monotonic() < end, subjects(box)
        time.sleep(0.02)


def test_start_and_recovery_are_told(tmp_path: Path, box: Inbox) -> None:
    """With the incident, the minutes and the hash of the host's journals."""
    told = NotifiedRun(tmp_path / "r", told_by(box.url))
    told.timeline.decide()
    assert told.end() == []

    assert set(subjects(box)) == {"start", "call", "recovery"}
    last = next(each["body"] for each in box.requests if each["body"]["event"] == "recovery")
    assert last["message"] == "RECOVERED after 0m41s: shop on corner"
    assert "Journal of the host: abc" in last["details"]
    assert (last["incident"], last["key"]) == ("INC-1", "r1-recovery")


def test_a_run_that_decides_nothing_tells_nobody(tmp_path: Path, box: Inbox) -> None:
    """A readiness check pages no one."""
    told = NotifiedRun(tmp_path / "r", told_by(box.url))
    told.timeline.note(CriterionEnded(phase="files"))

    assert told.end("READY") == []
    assert box.requests == []


def test_a_phase_over_its_budget_is_told_while_it_lasts(tmp_path: Path, box: Inbox) -> None:
    """Once, and no other phase."""
    told = NotifiedRun(tmp_path / "r", told_by(box.url, files="10ms"))
    told.timeline.decide()
    told.timeline.note(ActionBegun("stop", "isolate"))
    told.timeline.note(ActionBegun("restore", "files"))
    until(box, "over budget")
    time.sleep(0.2)
    told.end("NOT RECOVERED")

    assert subjects(box).count("over budget") == 1
    over = next(each["body"] for each in box.requests if each["body"]["event"] == "over budget")
    assert "phase files is over its" in over["message"]


@pytest.mark.parametrize("answer", ["slow", "drip", 500, "drop"])
def test_a_pager_in_trouble_holds_nothing_up(
    tmp_path: Path, answer: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are written while it is still tried, and the end says what nobody was told of."""
    monkeypatch.setattr(delivery, "PATIENCE", 0.5)
    with inbox(answer) as box:
        told = NotifiedRun(tmp_path / "r", told_by(box.url))
        told.timeline.decide()
        for number in range(50):
            told.timeline.note(ActionBegun(f"action {number}", "files"))
        assert not [each for each in told.timeline.events if isinstance(each, MessageSent)]
        said = told.end()

    assert any(line.startswith("message not accepted: pager, start: ") for line in said), said


def test_a_missing_token_is_told_at_the_end(
    tmp_path: Path, box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not sent, and the run went on."""
    monkeypatch.delenv("PAGER_TOKEN")
    told = NotifiedRun(tmp_path / "r", told_by(box.url))
    told.timeline.decide()

    assert any("PAGER_TOKEN is not set" in line for line in told.end())
    assert box.requests == []


def test_one_slow_door_does_not_hold_up_another(tmp_path: Path, box: Inbox) -> None:
    """Each has a thread of its own."""
    with inbox("slow") as slow:
        hooks = [
            WebhookChannel(name, Pager(url=url, variable="PAGER_TOKEN"))
            for name, url in (("slow", slow.url), ("quick", box.url))
        ]
        post = Mailroom(hooks, Timeline(tmp_path / "r").note)
        post.put(MessageContext(SYSTEM, "r", "ann").start())
        until(box, "start")
        late = post.close(2.0)

    assert [each.channel for each in late] == ["slow"]


def test_nothing_secret_is_written_or_sent_beside_the_header(tmp_path: Path, box: Inbox) -> None:
    """Neither in the timeline nor in a payload."""
    told = NotifiedRun(tmp_path / "r", told_by(box.url))
    told.timeline.decide()
    told.end("NOT RECOVERED")

    written_down = (tmp_path / "r/timeline.jsonl").read_text()
    assert json.dumps(TOKEN)[1:-1] not in written_down
    assert all(TOKEN not in json.dumps(each["body"]) for each in box.requests)
    outcomes = [e.outcome for e in told.timeline.events if isinstance(e, MessageSent)]
    assert outcomes == ["accepted"] * 3


def step(minutes: float, *events: Event) -> int | None:
    """Return which level is to be called so many minutes after noon; 0 when none is left."""
    decided = Decided(at=NOON.isoformat())
    found = escalation.next_step(CHAIN, [decided, *events])
    if found is None or found.at > NOON + dt.timedelta(minutes=minutes):
        return None
    return found.contact.level if found.contact else 0


def called(level: int, minutes: float) -> Event:
    """Return the call of a level."""
    return LevelCalled(level, at=after(minutes))


def after(minutes: float) -> str:
    """Return a time after noon."""
    return (NOON + dt.timedelta(minutes=minutes)).isoformat()


def test_each_level_has_its_time_to_answer() -> None:
    """Five minutes, fifteen, thirty; then nobody is left."""
    one, two, three = called(1, 0), called(2, 5), called(3, 20)

    assert step(0) == 1
    assert (step(4.9, one), step(5, one)) == (None, 2)
    assert (step(19.9, one, two), step(20, one, two)) == (None, 3)
    assert (step(49.9, one, two, three), step(50, one, two, three)) == (None, 0)


@pytest.mark.parametrize(
    "end",
    [
        Acknowledged("ann", at=after(1)),
        RunFinished("RECOVERED", at=after(1)),
    ],
)
def test_an_answer_or_a_recovery_ends_it(end: Event) -> None:
    """Nobody else is called, ever."""
    assert step(500, called(1, 0), end) is None


def test_a_failure_does_not_end_it() -> None:
    """The run is over and the system is down: the next level is called."""
    assert step(6, called(1, 0), RunFinished("NOT RECOVERED")) == 2


def manifest(folder: Path, url: str, respond: str) -> Path:
    """Write a description whose people are told by one pager."""
    path = folder / "rollback.toml"
    text = (REPOSITORY / "rollback.toml").read_text()
    head, _, rest = text.partition("[notify]")
    tail = rest[rest.index("[[contacts]]") :] if "[[contacts]]" in rest else ""
    for minutes in ("5m", "15m", "30m"):
        tail = tail.replace(f'respond = "{minutes}"', f'respond = "{respond}"')
    pager = f'[notify.pager]\nurl = "{url}"\nvariable = "PAGER_TOKEN"\n'
    path.write_text(f"{head}\n{pager}\n{tail}")
    return path


def failed(tmp_path: Path) -> Path:
    """Return a run that was decided just now and did not recover the system."""
    now = dt.datetime.now(dt.UTC).isoformat()
    events = [replace(each, at=now) for each in story()[:-1]]
    return written(tmp_path / "20261124-120000-dead", events)


def test_the_script_calls_level_after_level(tmp_path: Path, box: Inbox) -> None:
    """Nobody answers: all are called, and the end says so."""
    folder = failed(tmp_path)
    where = ("--rollback-target", str(manifest(tmp_path, box.url, "1s")))
    code, printed = call("checklist", "escalate", *where, "--run", str(folder))

    assert (code, "nobody acknowledged after calls to 3 levels" in printed) == (1, True), printed
    assert sorted(each["body"]["key"][-7:] for each in box.requests) == [
        "level-1",
        "level-2",
        "level-3",
    ]


def test_an_acknowledgement_from_elsewhere_stops_it(tmp_path: Path, box: Inbox) -> None:
    """Another process acknowledges, and the second level is never called."""
    folder = failed(tmp_path)
    where = ("--rollback-target", str(manifest(tmp_path, box.url, "30s")))
    assert call("checklist", "ack", "--run", str(folder), "--by", "bob")[0] == 0
    code, printed = call("checklist", "escalate", *where, "--run", str(folder))

    assert (code, "acknowledged by bob" in printed) == (0, True), printed
    assert box.requests == []


def test_an_acknowledgement_stops_a_run_that_goes_on(tmp_path: Path, box: Inbox) -> None:
    """The run looks at its timeline, which the other process has written to."""
    told = NotifiedRun(tmp_path / "r", told_by(box.url))
    told.timeline.decide()
    until(box, "call")
    signoffs.note(tmp_path / "r", Acknowledged("bob"))

    events = [*told.timeline.events, *signoffs.foreign(tmp_path / "r")]
    assert escalation.next_step(CHAIN, events) is None
    told.end("NOT RECOVERED")
