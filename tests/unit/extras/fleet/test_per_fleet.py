"""What happens once per fleet: refused where it is not described; a page until all is well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.extras.fleet import run_files
from pytest_rollback.extras.fleet.coordinator import Coordinator
from pytest_rollback.extras.fleet.judge import HostOutcome, planned
from pytest_rollback.extras.fleet.once.messages import FleetMessenger
from pytest_rollback.extras.fleet.once.per_fleet import OncePerFleet, lacking
from pytest_rollback.extras.fleet.record import KEPT, conclude, new_record
from pytest_rollback.manifest.contacts import Contact, Notify, Pager
from pytest_rollback.manifest.fleet import Fleet
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.probes import Maintenance, MaintenanceCommands
from pytest_rollback.report import run_summary
from tests.unit.support.mailbox import inbox

SHIPPED = load(Path(__file__).parents[4] / "rollback.toml").system
HOSTS = ("h1", "h2")


def commands(home: Path) -> Maintenance:
    """Return a page that is a file of ours."""
    look = ("sh", "-c", f"test -e {home}/page && echo closed || echo open")
    words = {"on": ("touch", f"{home}/page"), "off": ("rm", f"{home}/page"), "look": look}
    told = MaintenanceCommands.model_validate({**words, "shown": "closed", "lifted": "open"})
    return Maintenance(commands=told)


def fleet(home: Path, *once: str, **tables: Any) -> tuple[OncePerFleet, Coordinator]:  # noqa: ANN401 - any table
    """Return a run over two hosts, and what happens once in it."""
    table = Fleet.model_validate({"hosts": HOSTS, "once": once})
    system = SHIPPED.model_copy(update={"maintenance": commands(home), "fleet": table, **tables})
    plan = planned(HOSTS, "h1", (1, "100%"), 0)
    record = new_record(plan, "20261201-040000-abcd", dict.fromkeys(HOSTS, ""))
    at = Coordinator(table, plan, record, home, lambda _: None)
    return OncePerFleet(system, table, home / "rollback.toml", at_once=True), at


@pytest.mark.parametrize(
    ("once", "lacks", "said"),
    [
        (("messages",), "notify", r"\[notify\]"),
        (("page",), "maintenance", r"\[maintenance.commands\]"),
        (("database",), "database", r"\[database\]"),
    ],
)
def test_what_is_not_described_cannot_happen_once(
    once: tuple[str, ...], lacks: str, said: str
) -> None:
    """Else nobody would do it at all."""
    table = Fleet.model_validate({"hosts": HOSTS, "once": once})
    system = SHIPPED.model_copy(update={lacks: None})
    with pytest.raises(UsageError) as caught:
        lacking(system, table, at_once=False)
    assert said.replace("\\", "") in str(caught.value.hint)


def test_all_at_once_needs_a_page_that_comes_first() -> None:
    """That of each host comes with its own rollback, when the others are down already."""
    table = Fleet(hosts=HOSTS)
    with pytest.raises(UsageError, match="shown too late"):
        lacking(SHIPPED, table, at_once=True)
    lacking(SHIPPED, table, at_once=False)
    lacking(SHIPPED.model_copy(update={"maintenance": None}), table, at_once=True)


@pytest.mark.parametrize(
    ("kind", "isolated", "page", "shown"),
    [
        (HostOutcome.RECOVERED, "then", "taken away", False),
        (HostOutcome.FAILED, "then", KEPT, True),
        (HostOutcome.NEVER_BEGUN, "then", KEPT, True),
        (HostOutcome.NEVER_BEGUN, "", "taken away", False),
    ],
)
def test_the_page_goes_once_all_is_well_or_where_nothing_was_stopped(
    tmp_path: Path,
    kind: HostOutcome,
    isolated: str,
    page: str,
    shown: bool,  # noqa: FBT001
) -> None:
    """And the verdict says that it is still there."""
    once, at = fleet(tmp_path, "page")
    once.show(at)
    assert (tmp_path / "page").exists()
    for each in at.record.hosts:
        each.outcome, each.isolated = kind, isolated
    at.record.begun = at.record.batches
    conclude(at.record)
    once.end(at)
    assert page in at.record.page
    assert ((tmp_path / "page").exists(), KEPT in at.record.sentence) == (shown, shown)


def test_a_page_that_cannot_be_taken_away_is_no_good_end(tmp_path: Path) -> None:
    """Although every host is well."""
    once, at = fleet(tmp_path, "page")
    once.show(at)
    for each in at.record.hosts:
        each.outcome = HostOutcome.RECOVERED
    at.record.begun = at.record.batches
    conclude(at.record)
    (tmp_path / "page").unlink()
    (tmp_path / "page").mkdir()
    once.end(at)
    assert at.record.code == 1
    assert at.record.sentence.startswith("NOT RECOVERED: off of the maintenance page: exit code 1")


@pytest.mark.parametrize(("kind", "about"), [("recovered", "recovery"), ("failed", "failure")])
def test_people_are_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, about: str
) -> None:
    """Start, the first level of the chain, and the verdict; who lists runs finds this one."""
    monkeypatch.setenv("PAGER", "t0ken-of-the-pager")
    with inbox(200) as box:
        pager = Pager(url=box.url, variable="PAGER")
        ann = {"level": 1, "name": "ann", "contact": "phone", "respond": "60s", "scope": "all"}
        level = Contact.model_validate(ann)
        tables = {"notify": Notify(pager=pager), "contacts": (level,)}
        once, at = fleet(tmp_path, "messages", "page", **tables)
        once.begin(at, "INC-42")
        for each in at.record.hosts:
            each.outcome = HostOutcome(kind)
        at.record.begun = at.record.batches
        conclude(at.record)
        run_files.write(tmp_path, at.record)
        once.end(at)
    sent = [each["body"] for each in box.requests]
    assert [each["event"] for each in sent if each["event"] != "call"] == ["start", about]
    assert {each["incident"] for each in sent} == {"INC-42"}
    assert at.record.untold == []
    verdict = "RECOVERED" if kind == "recovered" else "NOT RECOVERED: 2 failed of 2"
    assert verdict in sent[-1]["message"]
    assert run_summary.unfinished(tmp_path).verdict == verdict


def test_nobody_is_told_of_what_did_not_begin(tmp_path: Path) -> None:
    """And what was not accepted is told here."""
    once, at = fleet(tmp_path, "messages", "page", notify=Notify())
    once.begin(at, None)
    once.end(at)
    assert not (tmp_path / "timeline.jsonl").exists()
    told = FleetMessenger(_silent(), at.record, tmp_path, tmp_path / "rollback.toml", "")
    told.begin()
    assert "message not accepted: pager" in " ".join(told.end())


def _silent() -> System:
    pager = Pager(url="http://127.0.0.1:9/", variable="NO_SUCH_TOKEN")
    return SHIPPED.model_copy(update={"notify": Notify(pager=pager), "contacts": ()})
