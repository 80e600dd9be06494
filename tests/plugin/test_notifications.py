"""People and a real drill: told by real servers, which can hold nothing up and learn no secret."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from pytest_rollback.errors import PARTIAL
from pytest_rollback.evidence.seal import seals
from tests.plugin.planted import run
from tests.plugin.shop import Shop
from tests.unit.support.mailbox import Inbox, inbox, mailbox
from tests.unit.support.run_folder import call


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A shop that runs its current release."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


def described(shop: Shop, box: Inbox, **more: Any) -> None:  # noqa: ANN401 - tables
    """Have the shop's people told by a pager and a status page."""
    hook = {"url": box.url, "variable": "SHOP_PAGER"}
    contact = {"level": 1, "name": "Ann", "contact": "ann", "respond": "5m", "scope": "all"}
    shop.describe(notify={"pager": hook, "status": hook, **more}, contacts=[contact])


def last(shop: Shop) -> Path:
    """Return the folder of the latest run."""
    return max(each for each in shop.reports.iterdir() if each.is_dir())


def test_a_drill_tells_people(shop: Shop) -> None:
    """The start, that they are called, the recovery; and the hash to hold the report against."""
    with inbox(202) as box:
        described(shop, box)
        code, printed, _ = run(shop, "suites/drill", "--arm=corner", "--incident=INC-7")
    folder = last(shop)
    told = [each["body"] for each in box.requests]

    assert code == 0, printed
    assert {each.get("event") for each in told} == {None, "start", "call", "recovery"}
    assert {each["message"] for each in told if "status" in each} == {
        "System maintenance in progress",
        "System restored",
    }
    record = json.loads((folder / "report.json").read_text())
    head = record["evidence"]["journal"]
    assert any(head in each.get("details", "") for each in told)
    ticks = {each["item"]: each["state"] for each in record["checklist"]}
    assert ticks["Notify stakeholders"] == "done"


def test_a_pager_in_trouble_neither_fails_nor_delays_the_drill(shop: Shop) -> None:
    """RECOVERED all the same; that nobody was told is said at the end and in the report."""
    shop.broken_again()
    with inbox("slow") as box:
        described(shop, box)
        code, printed, _ = run(shop, "suites/drill", "--arm=corner")

    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert "message not accepted: pager, start" in printed
    record = json.loads((last(shop) / "report.json").read_text())
    lines = (last(shop) / "timeline.jsonl").read_text().splitlines()
    told = [(each["event"], each.get("outcome")) for each in map(json.loads, lines)]
    assert told.index(("end", None)) < told.index(("told", "failed"))  # a change did not wait
    assert any("message not accepted: pager, start" in each for each in record["reasons"])
    ticks = {each["item"]: each["state"] for each in record["checklist"]}
    assert ticks["Notify stakeholders"] != "done"


@pytest.mark.parametrize(
    ("answer", "words", "code", "said"),
    [
        (202, (), PARTIAL, ""),
        (500, (), PARTIAL, ""),
        (202, ("--notify-test",), PARTIAL, ""),
        (500, ("--notify-test",), 1, "pager: HTTP status 500"),
        ("http://localhost:1/", ("--notify-test",), 1, "redirects are not followed"),
    ],
)
def test_readiness_proves_the_chain(
    shop: Shop, answer: int | str, words: tuple[str, ...], code: int, said: str
) -> None:
    """Configured is enough without a test; with one, a message has to be accepted."""
    with inbox(answer) as box, mailbox() as (address, mails):
        os.environ["SHOP_MAIL"] = address
        described(shop, box, channels=[{"name": "team", "variable": "SHOP_MAIL"}])
        found, printed, _ = run(shop, "suites/readiness/test_notify.py", *words)

    assert (found, said in printed) == (code, True), printed
    assert len(mails) == len(words)
    assert all(each["body"]["event"] == "test" for each in box.requests)


@pytest.mark.parametrize(
    ("table", "outcome"),
    [
        ({"notify": {"channels": []}}, "met"),
        ({}, "advisory"),
        ({"notify": {"channels": [{"name": "team", "variable": "NO_SUCH"}]}}, "not met"),
    ],
)
def test_nobody_to_tell_is_said(shop: Shop, table: dict[str, Any], outcome: str) -> None:
    """An empty table is a decision; no table is told; a channel without its secret is useless."""
    document = shop.document()
    del document["notify"]
    shop.manifest.write_text(tomli_w.dumps({**document, **table}))

    code, printed = shop.pytest("suites/readiness/test_notify.py")
    assert code == (1 if outcome == "not met" else PARTIAL), printed
    assert shop.outcomes()["readiness.people.reachable", None] == outcome


def test_the_checklist_of_a_drill_is_ticked_and_verifies(shop: Shop) -> None:
    """The script finds the run, the report tells it, and the folder still verifies."""
    where = ("--reports", str(shop.reports))
    code, printed = call("checklist", "tick", "root-cause", "--by", "ann", *where)
    assert code == 0, printed
    assert "ann at " in (last(shop) / "report.html").read_text()
    head = seals(last(shop))[0].hash
    assert call("report verify", str(last(shop)), "--head", head)[0] == 0
