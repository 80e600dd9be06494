"""A database server, a dump or a database that is not as it should be: told, and left as it is."""

from __future__ import annotations

import contextlib
import gzip
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.database import naming
from pytest_rollback.agent.database.postgresql import catalog, clone, dump, load, swap
from pytest_rollback.agent.database.postgresql import server as servers
from pytest_rollback.agent.database.postgresql.restore import reached
from pytest_rollback.agent.database.postgresql.server import Server
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.state import progress
from pytest_rollback.agent.state.lock import working
from pytest_rollback.agent.system import command as run_module
from tests.unit.agent.database import test_restore
from tests.unit.support.apart import ROOT_ONLY, somebody
from tests.unit.support.databases import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

running, server, shop = test_restore.running, test_restore.server, test_restore.shop
NAMES = naming.names("shop", "r1")
PLAIN = "--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n{}\n"
END = "--\n-- PostgreSQL database dump complete\n--\n"


def asked(shop: Base) -> Server:
    """Return the server as the agent asks it."""
    return reached(shop.access(), "r1")


def problems(shop: Base, **different: object) -> list[str]:
    """Return what stands in the way."""
    return [each.problem for each in shop.look(**different).problems]


def test_a_database_is_made_anew_as_it_was_made(shop: Base) -> None:
    """Its tablespace and its provider of locales are carried over, whichever it has."""
    live = catalog.look(asked(shop), NAMES).databases["shop"]
    plain = {**live.row, "datlocprovider": "c"}
    assert "LOCALE_PROVIDER" not in clone.creation(live._replace(row=plain), "x")
    assert "TABLESPACE" not in clone.creation(live._replace(row=plain), "x")
    for provider, more, words in (
        ("i", {"datlocale": "de", "daticurules": "&a < b"}, "= icu ICU_LOCALE = 'de' ICU_RULES"),
        ("i", {"datlocale": None, "daticulocale": "fr"}, "LOCALE_PROVIDER = icu ICU_LOCALE = 'fr'"),
        ("b", {"datlocale": "C.UTF-8"}, "LOCALE_PROVIDER = builtin BUILTIN_LOCALE = 'C.UTF-8'"),
        ("c", {"space": 'fast "one"'}, 'TABLESPACE = "fast ""one"""'),
    ):
        row = {**plain, "daticurules": None, "datlocprovider": provider, **more}
        assert words in clone.creation(live._replace(row=row), "x")


def test_a_database_that_is_not_there_is_told(shop: Base) -> None:
    """With the statement that makes it."""
    shop.postgres.sql("DROP DATABASE shop WITH (FORCE)")
    (said,) = shop.look().problems

    assert said.problem == "there is no database shop"
    assert said.hint == 'CREATE DATABASE "shop" OWNER "shop";'


@ROOT_ONLY
def test_a_disk_without_room_for_a_second_copy_is_told(shop: Base) -> None:
    """What is mounted where the server keeps its data counts; unseen, nothing is said of it."""
    data = servers.directory(asked(shop))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", data], check=True)
    try:
        said = problems(shop)
    finally:
        subprocess.run(["umount", data], check=True)
    assert said[0].startswith(f"{data} has no space for a second copy of the database: it needs")
    assert problems(shop) == []
    lock = Path(f"{servers.socket(asked(shop))}.lock")
    away = lock.rename(lock.with_suffix(".away"))
    try:
        assert shop.look().rooms == ()
    finally:
        away.rename(lock)

    assert shop.look().rooms


def test_a_dump_that_takes_too_long_or_makes_nothing_is_refused(shop: Base) -> None:
    """Neither could be restored in time, or at all."""
    shop.fresh("plain")
    late = problems(shop, timeout=0.0)
    assert f"the dump {shop.dump} could not be read in 0 s" in late
    nothing = shop.home / "nothing.sql"
    nothing.write_text(PLAIN.format("SELECT 1;") + END)
    nothing.chmod(0o600)

    assert problems(shop, dump=str(nothing)) == [f"the dump {nothing} has no tables"]


def test_a_long_plain_dump_is_read_block_by_block(tmp_path: Path) -> None:
    """Its encoding is said at its beginning, and its end at its end."""
    path = tmp_path / "long.sql"
    path.write_text(PLAIN.format("-- é\n" * dump.BLOCK + "CREATE TABLE t ();") + END)
    found = dump.Dump(str(path), "plain", path.stat().st_size, 0.0, "")
    assert dump.text_problem(found, float("inf")) == ""
    with path.open("ab") as file:
        file.write(b"\xff\n")

    assert (
        dump.text_problem(found, float("inf")) == "is not valid UTF-8, although it declares UTF-8"
    )


def test_a_dump_that_changes_while_it_is_used_is_refused(shop: Base, tmp_path: Path) -> None:
    """While it is read, and between its look and its copy."""
    file = tmp_path / "dump.sql"
    file.write_text(PLAIN.format(""))
    with pytest.raises(HostError, match="the dump changed since the plan"), load.opened(str(file)):
        file.write_text("another")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "toc.dat").write_text("one")
    account = asked(shop)._replace(account="nobody")
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(load.opened(str(folder)))
        wanted = source._replace(sha256="0" * 64)
        with pytest.raises(HostError, match="the dump changed since the plan"):
            stack.enter_context(load.readable(account, wanted))


def test_a_packed_dump_is_unpacked_whole_or_not_at_all(tmp_path: Path) -> None:
    """A reader that stops early says why itself; a broken archive is told at the end."""
    path = tmp_path / "dump.sql.gz"
    whole = gzip.compress(os.urandom(8 << 20))
    path.write_bytes(whole)
    assert unpacked(path, most=10) == 10
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HostError, match="cannot be unpacked"):
        unpacked(path, most=16 << 20)


def unpacked(path: Path, most: int) -> int:
    """Return how many bytes of a packed dump were read, until there were enough."""
    number = 0
    with load.opened(str(path)) as source:
        with load.text(source._replace(kind="plain, gzip")) as given:
            assert given
            while number < most:
                block = given.read(most - number)
                if not block:
                    break
                number += len(block)
        return number


def test_fewer_tables_than_the_dump_has_are_not_all(shop: Base) -> None:
    """What was restored is counted before anything is swapped."""
    assert load.check(asked(shop), "shop", 2) == 2
    with pytest.raises(HostError, match="2 of 3 tables exist"):
        load.check(asked(shop), "shop", 3)


def test_an_archive_that_cannot_be_listed_is_told(shop: Base, tmp_path: Path) -> None:
    """In the words of the tool, and with how to ask it by hand."""
    path = tmp_path / "broken.dump"
    path.write_bytes(b"PGDMP" + bytes(100))
    with (
        load.opened(str(path)) as source,
        pytest.raises(HostError, match=r"pg_restore cannot list .*broken\.dump: ") as caught,
    ):
        load.tables(asked(shop), source)

    assert caught.value.hint == asked(shop).hint


def test_no_other_tools_are_taken_than_the_named_ones(
    shop: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those on PATH may be of another version: a wrong place is said, not passed over."""
    monkeypatch.setenv("PATH", f"{shop.postgres.tools}:{os.environ['PATH']}")
    with pytest.raises(HostError, match=f"there is no psql in {tmp_path}") as caught:
        shop.look(tools=str(tmp_path))

    assert caught.value.hint == (
        f"correct tools in [database]; without it {shop.postgres.tools}/psql is used"
    )


def test_without_the_tools_anywhere_it_is_said_how_to_get_them(
    shop: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The psql alone brings no archive back; the dump is as good as it was."""
    half = shop.postgres.directory / "half"  # where the server's account may go
    half.mkdir(exist_ok=True)
    (half / "psql").symlink_to(shop.postgres.tools / "psql")
    monkeypatch.setenv("PATH", f"{shop.postgres.tools}:{os.environ['PATH']}")
    (told,) = shop.look(tools=str(half)).problems
    assert told.problem.endswith("needs pg_restore, which is not installed")
    assert told.hint == (
        f"correct tools in [database]; without it {shop.postgres.tools}/pg_restore is used"
    )
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(run_module, "PLACES", "/nonexistent")
    with pytest.raises(HostError, match="there is no psql in PATH") as caught:
        shop.look(tools="")

    assert "apt-get install postgresql-client" in caught.value.hint


@ROOT_ONLY
def test_who_is_not_root_asks_as_himself(shop: Base) -> None:
    """There is nobody else that he may become."""
    found = asked(shop)
    assert "" not in list(servers.accounts(found, "nobody"))
    with somebody():
        assert list(servers.accounts(found, "nobody")) == [""]


def test_what_was_undone_or_live_once_is_not_restored_again(shop: Base) -> None:
    """Not by the same run; and not over a database that users wrote into."""
    shop.restore()
    shop.take_back()
    with pytest.raises(HostError, match="this run was undone"):
        shop.restore()
    shop.state = shop.home / "another-state"
    with pytest.raises(HostError, match="shop_rollback_r1 is a former live database"):
        shop.restore()

    assert shop.release() == "current"


def test_a_database_that_is_not_whole_is_not_swapped_in(shop: Base) -> None:
    """A fresh one without its mark may hold anything."""
    shop.postgres.sql(f"CREATE DATABASE {NAMES.fresh} OWNER shop")
    found = catalog.look(asked(shop), NAMES)
    with (
        working(shop.location()) as work,
        pytest.raises(HostError, match="shop_rollback_r1 is incomplete"),
    ):
        swap.swap(work, asked(shop), found, NAMES)

    assert shop.release() == "current"


def test_a_database_that_a_dead_swap_closed_is_opened_again(shop: Base) -> None:
    """Nothing had been renamed: there is nothing to bring back, and users get in."""
    shop.postgres.sql("ALTER DATABASE shop WITH ALLOW_CONNECTIONS false")
    with working(shop.location()) as work:
        assert (
            swap.take_back(work, {**shop.access()._asdict(), "run": "r1", "names": list(NAMES)})
            == 0
        )

    assert shop.release() == "current"


@contextlib.contextmanager
def sessions(shop: Base, number: int, *, again: bool) -> Iterator[None]:
    """Keep sessions of this run at work in the server; `again` when one is ended, begin another."""
    psql = f"{shop.postgres.tools}/psql -qX -h {shop.postgres.socket} -p {shop.postgres.port}"
    asks = f"{psql} -U shop -d postgres -c 'SELECT pg_sleep(60)' >/dev/null 2>&1"
    words = f"while :; do {asks}; done" if again else asks
    env = {**os.environ, "PGAPPNAME": asked(shop).session}
    open_ = [
        subprocess.Popen(["sh", "-c", words], env=env, start_new_session=True)
        for _ in range(number)
    ]
    mine = f"FROM pg_stat_activity WHERE application_name = '{env['PGAPPNAME']}'"
    while shop.postgres.sql(f"SELECT count(*) {mine}") < str(number):
        time.sleep(0.02)
    try:
        yield
    finally:
        for each in open_:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(each.pid, 9)
            each.wait()
        shop.postgres.sql(f"SELECT pg_terminate_backend(pid) {mine}")


def test_what_a_dead_call_left_at_work_is_ended(
    shop: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is done; what does not end is not worked beside."""
    with sessions(shop, 2, again=False):
        swap.alone(asked(shop))
        mine = catalog.ended("application_name", asked(shop).session)
        assert asked(shop).sql(mine) == "0"
    monkeypatch.setattr(swap, "SWAPPING", 0.3)
    with (
        sessions(shop, 4, again=True),
        pytest.raises(HostError, match="an earlier call of this run is still running"),
    ):
        swap.alone(asked(shop))


def test_what_was_only_begun_comes_next() -> None:
    """Whatever is done after it."""
    states = [("stop", "done"), ("files", "begun"), ("units", "done"), ("start", "")]

    assert progress.following(states) == "files"
    assert progress.following([("stop", "done"), ("start", "")]) == "start"
