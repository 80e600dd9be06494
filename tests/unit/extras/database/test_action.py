"""The database as an action: no plan when the dump is live, a refusal when it cannot be."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.database.messages import (
    DatabaseProblem,
    DatabaseState,
    NewerRows,
    Rehearsal,
    RowLoss,
)
from pytest_rollback.agent.messages.rollback.undo import UNDO_PLAN, UndoRequest
from pytest_rollback.errors import Refused
from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.extras.database import rehearsed
from pytest_rollback.extras.database.action import RESTORE_DATABASE
from pytest_rollback.extras.database.command import lines
from pytest_rollback.extras.database.requests import rehearsal
from pytest_rollback.manifest.thresholds import DatabaseRehearsal
from pytest_rollback.transport.call import Call
from tests.unit.recovery.site import Site
from tests.unit.support.databases import Base, base


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A deployed site without an edge that could be asked."""
    return Site(tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[Base]:
    """A server with a database and a dump of its previous release."""
    with base() as found:
        yield found


def describe(site: Site, server: Base, **more: object) -> None:
    """Have the site's rollback restore the database."""
    access = server.access()._asdict()
    keys = ("name", "dump", "host", "port", "user", "tools")
    table = {**{key: access[key] for key in keys}, "return": "restore", **more}
    site.describe(database={"rehearsal": {"required": False}, **table})


def test_the_plan_is_carried_out_found_empty_and_undone(site: Site, server: Base) -> None:
    """Through the gate's own steps, with the undo of the whole run; a second run does nothing."""
    server.fresh()
    os.utime(server.dump, (1, 1))  # of before the deploy of the site
    describe(site, server)
    (change,) = site.plan(RESTORE_DATABASE)
    assert change.what == "restore the database shop and swap it in"
    assert site.perform(RESTORE_DATABASE) == 1
    assert server.release() == "previous"
    assert site.plan(RESTORE_DATABASE, site.scope("r2")) == ()
    back = site.connection.ask(Call(UNDO_PLAN, UndoRequest(site.location("r1"))))
    assert (back.database, back.kept) == ("shop", "shop_rollback_r1")
    assert back.since is not None
    assert back.since < 600
    site.undo()
    assert site.connection.ask(Call(UNDO_PLAN, UndoRequest(site.location("r1")))).since is None

    assert server.release() == "current"


def test_a_rollback_that_is_not_told_to_restores_none(site: Site, server: Base) -> None:
    """Where it is not described or not wanted, and where other components go on using it."""
    assert site.plan(RESTORE_DATABASE) == ()
    describe(site, server, **{"return": "keep"})
    assert site.plan(RESTORE_DATABASE) == ()
    describe(site, server)

    some = site.scope(only=["gate"])
    assert site.plan(RESTORE_DATABASE, some) == ()
    assert "the database shop is not restored" in RESTORE_DATABASE.spared(some)
    assert RESTORE_DATABASE.spared(site.scope()) == ""


def test_what_stands_in_the_way_refuses_the_plan(site: Site, server: Base) -> None:
    """All of it at once, each with its way out; and a server that is down refuses as well."""
    server.fresh()
    describe(site, server, user="plain", dump=str(server.home / "nothing"))
    with pytest.raises(Refused, match="shop cannot be restored") as caught:
        site.plan(RESTORE_DATABASE)
    assert len(caught.value.findings) == 3
    assert 'ALTER ROLE "plain" CREATEDB;' in caught.value.hint
    describe(site, server, port=1)
    with pytest.raises(Refused, match="no database server listens") as caught:
        site.plan(RESTORE_DATABASE)
    assert "start it" in caught.value.hint


def test_a_restore_that_nobody_rehearsed_is_refused(site: Site, server: Base) -> None:
    """Until it is, of this very dump, and went well; then the plan says how long it takes."""
    server.fresh()
    os.utime(server.dump, (1, 1))
    describe(site, server, rehearsal={})
    with pytest.raises(Refused, match="shop cannot be restored") as caught:
        site.plan(RESTORE_DATABASE)
    assert caught.value.findings == ("no restore of the dump was rehearsed",)
    assert "rollback rehearse" in caught.value.hint
    database = site.system.database
    assert database

    found = site.connection.ask(rehearsal(site.system, database))
    assert found.problems == ()
    (change,) = site.plan(RESTORE_DATABASE)
    assert change.estimate == pytest.approx(2 + found.restore)
    assert change.loses
    assert change.loses.rows == sum(each.live - each.restored for each in found.lost)
    assert change.loses.seconds == pytest.approx(time.time() - found.made, abs=60)
    server.dump.write_bytes(server.dumps["custom"].read_bytes() + b"\n")
    os.utime(server.dump, (1, 1))
    with pytest.raises(Refused) as caught:
        site.plan(RESTORE_DATABASE)
    assert any("was of another dump" in each for each in caught.value.findings)


DAY = 86400.0
GOOD = Rehearsal(
    *(0, 1, "a", 1, "plain", "", "", "15", 1, 2, 3, 4, 5, (), (), (), ()),
    deployed=False,
    subject="shop",
    tolerance=0.5,
    ignore=(),
)
PROBLEM = DatabaseProblem("rows lack", "dump again")


@pytest.mark.parametrize(
    ("last", "now", "said"),
    [
        (GOOD, DAY, []),
        (None, 0.0, ["no restore of the dump was rehearsed"]),
        (GOOD._replace(digest="b"), 0.0, ["was of another dump, or database"]),
        (GOOD._replace(problems=(PROBLEM, PROBLEM)), 0.0, ["failed: rows lack; and 1 more"]),
        (GOOD, 8 * DAY, ["rehearsal was 8 days ago, more than 7", "dump was made 8 days ago"]),
        (GOOD._replace(made=0, problems=(PROBLEM,)), 0.0, ["failed: rows lack"]),
        (GOOD._replace(made=0, when=8 * DAY), 8 * DAY, []),
        (GOOD._replace(tolerance=0.9), 0.0, ["was less strict"]),
        (GOOD._replace(ignore=("a", "b")), 0.0, ["tolerance 50%, without a, b"]),
        (GOOD._replace(when=8 * DAY), 8 * DAY, ["the dump was made 8 days ago, more than 7 days"]),
    ],
)
def test_a_stamp_that_proves_nothing_is_told(
    last: Rehearsal | None, now: float, said: list[str]
) -> None:
    """None, one of another dump, one that failed, and one that is old."""
    state = DatabaseState(False, "a", 1, "plain", "shop", 1, (), None, (), last)  # noqa: FBT003
    found = list(rehearsed.faults(state, DatabaseRehearsal(), now))

    assert len(found) == len(said)
    assert all(words in each for words, each in zip(said, found, strict=True)), found


def test_hints_that_begin_alike_are_one() -> None:
    """What to do comes first, and once."""
    said = (
        "dump again; without x",
        "dump again; or y",
        "dump again",
        "correct it",
        "dump again; or y",
    )
    problems = [DatabaseProblem("", each) for each in said]

    assert rehearsed.hints(problems) == "dump again; without x; or y - or - correct it"


def test_the_plan_says_what_a_restore_loses() -> None:
    """By the rehearsal of this very dump; of another one nothing is known."""
    lost = (RowLoss("public.a", 1, 3, estimated=False), RowLoss("public.b", 0, 5, estimated=True))
    state = DatabaseState(False, "a", 1, "plain", "shop", 1, (), None, (), GOOD)  # noqa: FBT003

    tried = state._replace(rehearsal=GOOD._replace(lost=lost), made=1.0)

    assert rehearsed.cost("shop", tried, 7201.0) == DataLoss("shop", 7200.0, 7)
    assert rehearsed.cost("shop", tried._replace(digest="b"), 7201.0).rows is None
    assert rehearsed.cost("shop", tried._replace(rehearsal=None), 7201.0).rows is None
    assert rehearsed.cost("shop", tried, 0.0).seconds == 0.0


def test_losses_are_told_in_lines_that_fit(site: Site, server: Base) -> None:
    """What was measured, and what a return would lose, in 80 columns."""
    describe(site, server)
    database = site.system.database
    assert database
    lost = tuple(RowLoss(f"public.t{n}", n, 1000 * n, n == 2) for n in range(1, 8))
    found = GOOD._replace(made=1.0, lost=lost, newer=(NewerRows("orders.at", 1),))
    said = list(lines(found, database, 2 * DAY))

    assert "  made       1970-01-01 00:00:01 UTC; a restore loses 48 hours" in said
    assert "  newer      1 row by orders.at" in said
    assert "  loses      1,998 of about 2,000 rows of public.t2" in said
    assert said[-1] == "  loses      rows of 2 more tables"
    assert all(len(each) < 80 for each in said[1:])
