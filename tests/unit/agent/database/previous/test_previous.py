"""The previous release on a copy of the live schema: real servers, real processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.database.previous import previous_stamp, rows
from pytest_rollback.agent.database.previous.messages import PreviousLookRequest
from pytest_rollback.agent.database.previous.previous import try_previous
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.extras.database import ran
from tests.unit.agent.database.previous.conftest import CURRENT, PREVIOUS
from tests.unit.support.dumped import MAJORS, OLDER, newest, version

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.agent.database.previous.conftest import Corner


def test_a_release_that_runs_on_the_schema_answers(corner: Corner, scratch: Path) -> None:
    """Its own request writes into the copy, and nothing into the live database."""
    before = corner.rows()
    found = corner.tried(scratch)

    assert [(each.problem, each.asked) for each in found.runs] == [("", ("health", "order"))]
    assert corner.rows() == before
    assert corner.stamp()["run"]["previous"] == "1.4.0"
    assert found.connections >= 1


@pytest.mark.parametrize("running", [OLDER], indirect=True)
def test_the_copy_is_made_by_tools_of_the_live_version(
    corner: Corner, scratch: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whichever rollback.toml names: what newer ones write the server would not know."""
    with newest(tmp_path_factory.mktemp("newest")) as tools:
        access = corner.base.access()._replace(tools=str(tools))
        found = try_previous(corner.request(scratch, "full", database=access))

    assert [each.problem for each in found.runs] == [""]
    assert found.server == str(version(MAJORS[OLDER]))


def test_a_release_that_asks_its_database_nothing_proves_nothing(
    corner: Corner, scratch: Path
) -> None:
    """Its health is a word of its own, and nothing else was asked: that is told, and no green."""
    asked = corner.request(scratch, "schema")
    bare = tuple(each._replace(requests=()) for each in asked.components)
    found = try_previous(asked._replace(components=bare))

    assert [(each.problem, each.asked) for each in found.runs] == [("", ("health",))]
    assert found.connections == 0
    with pytest.raises(Inconclusive, match="has not once connected to its database"):
        ran.judge(found)


SWALLOWS = """
_sql = sql
def sql(words):
    try:
        return _sql(words)
    except RuntimeError:
        return "sorry"
"""


def test_statements_that_fail_unseen_are_told(corner: Corner, scratch: Path) -> None:
    """It answers 200 whatever its database says; what the live release's says as well is none."""
    asks = "SELECT legacy FROM orders"
    both = 'import subprocess; ORDER_ = ORDER; sql("SELECT nowhere()")'
    previous = corner.release(asks, "1.4.0", SWALLOWS + both)
    corner.deploy(previous, corner.release(CURRENT, "1.5.0", SWALLOWS + both))
    found = corner.tried(scratch)

    assert [each.problem for each in found.runs] == [""]
    assert found.effects == ('a statement failed: column "legacy" does not exist at character 8',)
    with pytest.raises(Refused, match="does to its database what the live release does not"):
        ran.judge(found)


def test_what_it_takes_away_when_it_starts_is_told(corner: Corner, scratch: Path) -> None:
    """It brings the schema back to what it knows, and rows are lost with it."""
    corner.base.sql("ALTER TABLE orders ADD COLUMN buyer text")
    down = """ALTER TABLE orders DROP COLUMN IF EXISTS buyer; DELETE FROM orders WHERE id > 50;
    ALTER TABLE orders ALTER words SET NOT NULL; CREATE TABLE IF NOT EXISTS notes (n int);"""
    corner.deploy(
        corner.release(PREVIOUS, "1.4.0", f"sql({down!r})"), corner.release(CURRENT, "1.5.0")
    )
    found = corner.tried(scratch, "full")

    assert [each.problem for each in found.runs] == [""]
    assert found.effects == (
        "it takes away column public.orders.buyer",
        "it changes column public.orders.words",
        "it takes away 149 rows of public.orders",
    )
    assert "it adds relation public.notes" in found.gaps
    with pytest.raises(Refused, match="answers, and does to its database"):
        ran.judge(found)


def test_a_setting_of_today_makes_another_schema(corner: Corner, scratch: Path) -> None:
    """A role or a database that was given other settings is not what was tried."""
    found = corner.tried(scratch)
    asked = corner.request(scratch)
    look = PreviousLookRequest(asked.location, asked.database, asked.components)
    before = previous_stamp.look(look).head
    corner.base.sql("ALTER DATABASE shop SET search_path = nowhere")
    try:
        after = previous_stamp.look(look).head
    finally:
        corner.base.sql("ALTER DATABASE shop RESET search_path")

    assert found.head == before != after


CHANGES = {
    "a column was dropped": ("ALTER TABLE orders DROP COLUMN price", 'column "price"'),
    "a column was renamed": ("ALTER TABLE orders RENAME words TO title", 'column "words"'),
    "NOT NULL was added with data": (
        """ALTER TABLE orders ADD COLUMN buyer text; UPDATE orders SET buyer = 'ann';
        ALTER TABLE orders ALTER COLUMN buyer SET NOT NULL""",
        'null value in column "buyer"',
    ),
    "a state was taken from an enum": (
        """ALTER TABLE orders ALTER COLUMN state DROP DEFAULT; ALTER TYPE state RENAME TO old;
        CREATE TYPE state AS ENUM ('paid'); ALTER TABLE orders ALTER COLUMN state TYPE state
        USING 'paid'::state; ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'paid';
        DROP TYPE old""",
        'invalid input value for enum state: "open"',
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_schema_that_the_release_does_not_know_is_told(
    corner: Corner, scratch: Path, change: str
) -> None:
    """The request that fails is named with the server's words; the live release runs there."""
    migration, words = CHANGES[change]
    order = PREVIOUS.replace("(words, price)", "(words, price, state)").replace("3)", "3, 'open')")
    previous = corner.release(order if "enum" in change else PREVIOUS, "1.4.0")
    corner.deploy(previous, corner.release(CURRENT, "1.5.0"))
    corner.base.sql(migration)
    (found,) = corner.tried(scratch).runs
    control = corner.stamp()["run"]["control"]

    assert found.problem.startswith("request order: answered 500, not 200")
    assert words in found.problem
    assert any(words in each for each in found.last)
    assert [each[1] for each in control] == [""]


def test_an_enum_that_was_extended_does_no_harm_to_a_release_that_only_writes(
    corner: Corner, scratch: Path
) -> None:
    """Nothing is red because the schema differs: what counts is what the release does."""
    corner.base.sql("ALTER TYPE state ADD VALUE 'sent'; ALTER TABLE orders ADD COLUMN more int")

    assert corner.tried(scratch).runs[0].problem == ""


def test_an_enum_that_was_extended_breaks_a_release_that_reads_the_new_value(
    corner: Corner, scratch: Path
) -> None:
    """Only rows show that: with some of them it is seen."""
    reads = "SELECT sum(1 / (CASE state WHEN 'open' THEN 1 WHEN 'paid' THEN 1 ELSE 0 END)) "
    reads += "FROM orders"
    corner.deploy(corner.release(reads, "1.4.0"), corner.release(CURRENT, "1.5.0"))
    corner.base.sql("ALTER TYPE state ADD VALUE 'sent'")
    corner.base.sql("UPDATE orders SET state = 'sent' WHERE id = 7")

    assert corner.tried(scratch).runs[0].problem == ""
    assert "division by zero" in corner.tried(scratch, "full").runs[0].problem


def test_some_rows_are_copied_with_their_numbers(
    corner: Corner, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large database gives a part of its rows; what is added to them gets a number of its own."""
    monkeypatch.setattr(rows, "SMALL", 0)
    monkeypatch.setattr(rows, "SOME", 10)
    order = "WITH i AS (INSERT INTO orders (words, price) VALUES ('x', 1) RETURNING id) "
    counts = order + "SELECT id || ' of ' || (SELECT count(*) FROM orders) FROM i"  # noqa: S608
    corner.deploy(corner.release(counts, "1.4.0"), corner.release(CURRENT, "1.5.0"))
    request = corner.request(scratch, "sample")
    (component,) = request.components
    (order_,) = component.requests
    wanted = order_._replace(probe=order_.probe._replace(body="201 of 10"))
    asked = component._replace(requests=(wanted,))

    assert try_previous(request._replace(components=(asked,))).runs[0].problem == ""
