"""A way back is run on a copy first: real servers, real scripts, and the live database stays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.errors import Refused
from pytest_rollback.extras.database import migrated, ran
from pytest_rollback.manifest.thresholds import DatabaseRehearsal
from tests.unit.agent.database.downgrade.conftest import DOWN, REVISION, MigratedCorner
from tests.unit.agent.database.previous.conftest import CURRENT, PREVIOUS
from tests.unit.support.dumped import MAJORS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.support.databases import Base


@pytest.mark.parametrize("running", MAJORS, indirect=True)
def test_a_way_back_is_timed_and_its_loss_counted(ahead: MigratedCorner, scratch: Path) -> None:
    """The head afterwards is what the previous release needs; the live database is only read."""
    before = ahead.columns()
    found = ahead.rehearsed(scratch).rehearsal

    assert found.problems == ()
    assert (found.before.words, found.after.words) == ("alembic two", "alembic one")
    assert [(each.words, each.seconds > 0) for each in found.steps] == [("./down.sh", True)]
    assert found.tables == ()
    assert [tuple(each) for each in found.columns] == [("public.orders.buyer", 20)]
    assert found.forward is not None
    assert ahead.columns() == before
    assert "  loses      20 values of public.orders.buyer" in list(migrated.lines(found))


def fails(corner: MigratedCorner) -> None:
    """Have the way back fail."""
    corner.down = (corner.script("down", "ALTER TABLE orders DROP COLUMN nothing"),)


def does_nothing(corner: MigratedCorner) -> None:
    """Have the way back end well, and change nothing."""
    corner.down = (("true",),)


def takes_too_long(corner: MigratedCorner) -> None:
    """Have the way back take longer than it may."""
    corner.down, corner.timeout = (("sleep", "60"),), 0.5


def is_missing(corner: MigratedCorner) -> None:
    """Name a program that is not there."""
    corner.down = (("./nowhere.sh",),)


def goes_too_far(corner: MigratedCorner) -> None:
    """Have the way back take everything back."""
    more = "ALTER TABLE orders DROP COLUMN buyer, DROP COLUMN price; DELETE FROM alembic_version"
    corner.down = (corner.script("down", more),)


def only_the_version(corner: MigratedCorner) -> None:
    """Have the way back change the version alone, as a migration without a way back does."""
    words = REVISION.format("two", '"one"', "pass")
    (corner.root / "versions/two.py").write_text(words)
    corner.down = (corner.script("down", "UPDATE alembic_version SET version_num = 'one'"),)


def leads_elsewhere(corner: MigratedCorner) -> None:
    """Have the undo lead to another head."""
    corner.up = (corner.script("up", "UPDATE alembic_version SET version_num = 'three'"),)


WRONG: dict[Callable[[MigratedCorner], None], str] = {
    fails: './down.sh failed, exit code 3: psql:down.sql:1: ERROR:  column "nothing"',
    does_nothing: "all commands ended well, and the database is where it was: alembic two",
    takes_too_long: "sleep 60 took longer than 0.5 s and was ended",
    is_missing: "./nowhere.sh is no program that can be run",
    goes_too_far: "the previous release needs alembic one",
    only_the_version: "nothing but the version was changed: versions/two.py has no way back",
    leads_elsewhere: "after up the database is at alembic three, and not at alembic two",
}


@pytest.mark.parametrize("how", WRONG, ids=lambda each: each.__name__)
def test_a_way_back_that_is_none_is_red(
    ahead: MigratedCorner, scratch: Path, how: Callable[[MigratedCorner], None]
) -> None:
    """It is told with a hint, nothing is run on the live database, and the stamp is no good."""
    how(ahead)
    found = ahead.rehearsed(scratch).rehearsal

    assert any(WRONG[how] in each.problem for each in found.problems), found.problems
    assert all(each.hint for each in found.problems)
    with pytest.raises(Refused, match="not good enough"):
        migrated.judged(found)
    looked = ahead.looked()
    assert migrated.fault(looked).startswith("the rehearsal of ")
    assert looked.head.words == "alembic two"


def test_rows_that_are_lost_are_counted(ahead: MigratedCorner, scratch: Path) -> None:
    """Those of a table that is dropped, and of one that is emptied; a name that changes is none."""
    ahead.base.sql("CREATE TABLE notes AS SELECT i FROM generate_series(1, 7) i")
    more = (
        "DROP TABLE notes; DELETE FROM orders WHERE id > 150; ALTER TABLE orders RENAME words TO w;"
    )
    ahead.down, ahead.up = (ahead.script("down", more + DOWN),), ()
    found = ahead.rehearsed(scratch).rehearsal
    lost = {each.table: each.live - each.restored for each in found.tables}

    assert lost == {"public.notes": 7, "public.orders": 50}
    assert [tuple(each) for each in found.columns] == [("public.orders.buyer", 20)]
    looked = ahead.looked()
    assert migrated.lost(found) == 77
    loss = migrated.cost("shop", looked)
    assert loss is not None
    assert (loss.time, loss.rows) == ("77rows", 77)


def test_without_a_tool_the_previous_release_proves_the_head(running: Base, scratch: Path) -> None:
    """Nothing tells which head it needs: red, until it is started there, or the head is named."""
    corner = MigratedCorner(running, tool=False)
    first = corner.rehearsed(scratch).rehearsal
    (doubt,) = first.problems
    assert "nothing tells whether the previous release needs schema " in doubt.problem
    assert f'target = "{first.after.ids[0]}"' in doubt.hint

    tried = corner.rehearsed(scratch, "schema")
    assert (tried.rehearsal.problems, tried.run is not None) == ((), True)
    ran.judge(tried.run)
    assert corner.looked().is_known is False
    corner.migrate()
    assert corner.looked().is_there
    corner.undo()
    corner.target = first.after.ids[0]
    assert corner.looked().needs.endswith(f"not at {corner.target}")


def test_a_release_that_does_not_run_on_what_is_left_is_red(
    ahead: MigratedCorner, scratch: Path
) -> None:
    """The way back is good, and the release still fails there: the live one runs on its own."""
    asks = PREVIOUS.replace("price)", "price, more)").replace("3)", "3, 1)")
    ahead.deploy(ahead.release(asks, "1.4.0"), ahead.release(CURRENT, "1.5.0"))
    ahead.added()
    tried = ahead.rehearsed(scratch, "schema")

    assert (tried.rehearsal.problems, tried.run is not None) == ((), True)
    with pytest.raises(Refused, match=r"does not run|does to its database"):
        ran.judge(tried.run)


def alters_a_migration(corner: MigratedCorner) -> str:
    """Have somebody edit the way back of a migration after it was rehearsed."""
    with (corner.root / "versions/two.py").open("a") as file:
        file.write("    op.execute('DELETE FROM orders')\n")
    return "versions/two.py has changed"


def alters_what_runs_them(corner: MigratedCorner) -> str:
    """Have somebody edit what alembic reads before each migration."""
    (corner.root / "env.py").write_text("target_metadata = None\n")
    return "env.py was added"


def takes_one_away(corner: MigratedCorner) -> str:
    """Have somebody delete a migration."""
    (corner.root / "versions/two.py").unlink()
    return "versions/two.py is gone"


def alters_a_named_file(corner: MigratedCorner) -> str:
    """Have somebody edit what a script reads, which no tool tells and rollback.toml names."""
    corner.script("down", f"SELECT 1; {DOWN}")
    return "down.sql has changed"


@pytest.mark.parametrize(
    "how",
    [alters_a_migration, alters_what_runs_them, takes_one_away, alters_a_named_file],
    ids=lambda each: each.__name__,
)
def test_files_that_commands_read_and_that_were_altered_since_count_as_others(
    ahead: MigratedCorner, scratch: Path, how: Callable[[MigratedCorner], str]
) -> None:
    """They are told by their paths, by readiness and by the gate; nothing is run with them."""
    ahead.files = ("*.sql",)
    found = ahead.rehearsed(scratch).rehearsal
    assert {each.path for each in found.files} == {
        *("down.sql", "up.sql", "versions/one.py", "versions/two.py")
    }
    assert migrated.fault(ahead.looked()) == ""
    said = how(ahead)
    looked = ahead.looked()

    wanted = DatabaseRehearsal()
    told, *_ = migrated.faults(looked, wanted, time.time())
    assert told.endswith(f"with other files: {said}")
    assert migrated.hint(looked) == migrated.AGAIN
    assert [said in each.problem for each in migrated.unproven(looked, wanted)] == [True]
    with pytest.raises(HostError, match="or files that they read, are others than when"):
        ahead.migrate()


def test_files_that_nobody_names_are_told_not_to_be_known(running: Base, scratch: Path) -> None:
    """Without a tool that is known, what a script reads nobody knows."""
    corner = MigratedCorner(running, tool=False)
    found = corner.rehearsed(scratch).rehearsal

    assert found.files == ()
    assert any("files in [database.migrate]" in each for each in migrated.lines(found))


def test_commands_that_were_altered_since_count_as_others(
    ahead: MigratedCorner, scratch: Path
) -> None:
    """Other words, or another script under the same name; or another head."""
    ahead.rehearsed(scratch)
    assert migrated.fault(ahead.looked()) == ""
    ahead.down = (*ahead.down, ("true",))
    assert "of other commands" in migrated.fault(ahead.looked())
    ahead.down = ahead.down[:1]
    with (ahead.root / "down.sh").open("a") as script:
        script.write("true\n")
    assert "of other commands" in migrated.fault(ahead.looked())
    ahead.script("down", DOWN)
    assert migrated.fault(ahead.looked()) == ""
    ahead.base.sql("UPDATE alembic_version SET version_num = 'three'")
    said = migrated.fault(ahead.looked())
    assert said.endswith("from alembic two, and the live database is at alembic three")
    with pytest.raises(HostError, match="elsewhere when this was planned"):
        ahead.migrate(seen="0")
