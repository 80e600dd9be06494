"""The database of a real PostgreSQL: restored beside the live one, swapped, and swapped back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.database import naming
from pytest_rollback.agent.database.messages import DatabaseRestored
from pytest_rollback.agent.database.postgresql import restore
from pytest_rollback.agent.errors import HostError
from tests.unit.support.databases import FORMATS, Base, base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Keep = Callable[[str, object], None]


@pytest.fixture(scope="module")
def running() -> Iterator[Base]:
    """A server that all tests of this file share."""
    with base() as found:
        yield found


@pytest.fixture
def server(running: Base) -> Base:
    """The server, asked by its own tools."""
    running.tools = str(running.postgres.tools)
    return running


@pytest.fixture
def shop(server: Base) -> Base:
    """The database with the current release live, and a custom dump of the previous one."""
    server.fresh()
    return server


FAILED = "shop_failed_r1"
FRESH = "shop_rollback_r1"
STRIDE = int(os.environ.get("ROLLBACK_STRIDE", "3"))
"""Of the steps at which the agent is killed, one in so many is tried; 1 for all of them."""


def tell(keep: Keep, name: str, value: object) -> None:
    """Keep a number as evidence, and print it."""
    keep(name, value)
    print(f"{name}: {value}")  # noqa: T201 - evidence, for whoever runs with -s


@pytest.mark.parametrize("kind", FORMATS)
def test_the_dump_is_live_and_the_failed_database_is_kept(
    server: Base, kind: str, record_property: Keep
) -> None:
    """Whatever its format; a look finds nothing left to do, in this run and in the next."""
    server.fresh(kind)
    before = server.look()
    done = server.restore()
    tell(record_property, f"swap window of a {kind} dump in s", done.swap.seconds)

    assert (before.restored, before.format, before.problems) == (False, kind, ())
    assert done.swap.seconds < 1.0
    assert server.release() == "previous"
    assert server.names() == ["shop", FAILED]
    assert server.look().restored
    assert server.look().swap.kept == FAILED
    assert server.look(run="r2").restored
    assert server.restore() == DatabaseRestored("shop", None)


@pytest.mark.parametrize("kind", FORMATS)
def test_undo_brings_the_failed_database_back(server: Base, kind: str) -> None:
    """The same database, not a copy; what was restored is kept; twice changes nothing."""
    server.fresh(kind)
    oid = server.sql("SELECT oid FROM pg_database WHERE datname = 'shop'")
    server.restore()
    server.sql("INSERT INTO goods VALUES (0, 'previous, written after the rollback')")
    for _ in range(2):
        server.undo()

        assert server.release() == "current"
        assert server.sql("SELECT oid FROM pg_database WHERE datname = 'shop'") == oid
        assert server.names() == ["shop", FRESH]
    with pytest.raises(HostError, match="this run was undone"):
        server.restore()


def test_a_run_without_a_restore_has_nothing_to_undo(shop: Base) -> None:
    """The server is not even asked."""
    shop.undo()

    assert shop.names() == ["shop"]


def test_a_vacuum_of_the_servers_own_is_no_session_in_the_way(shop: Base) -> None:
    """Only a superuser may end it; the server ends it by itself for who renames the database."""
    slow = "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1"
    shop.sql(f"ALTER TABLE goods SET ({slow})")
    shop.sql("DELETE FROM goods WHERE id % 7 > 0")
    shop.postgres.sql("ALTER SYSTEM SET autovacuum_naptime = '1s'")
    shop.postgres.sql("SELECT pg_reload_conf()")
    work = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'autovacuum: VACUUM%goods%'"
    try:
        until = time.monotonic() + 60
        while int(shop.postgres.sql(work)) == 0 and time.monotonic() < until:
            time.sleep(0.05)
        assert int(shop.postgres.sql(work)) == 1
        shop.restore()
    finally:
        shop.postgres.sql("ALTER SYSTEM RESET autovacuum_naptime")
        shop.postgres.sql("SELECT pg_reload_conf()")

    assert shop.release() == "previous"


def test_live_sessions_that_hold_locks_do_not_delay_the_swap(
    shop: Base, record_property: Keep
) -> None:
    """Five sessions, each in a transaction with a lock, are ended; the window stays short."""
    argv = [shop.postgres.tools / "psql", "-h", shop.postgres.socket, "-p", shop.postgres.port]
    words = ["-U", "shop", "-qX", "-d", "shop", "-c"]
    hold = "BEGIN; LOCK TABLE goods IN ROW EXCLUSIVE MODE; SELECT pg_sleep(60)"
    held = [
        subprocess.Popen([*map(str, argv), *words, hold], stderr=subprocess.DEVNULL)
        for _ in range(5)
    ]
    while shop.sql("SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock'") < "5":
        time.sleep(0.02)
    done = shop.restore()
    tell(record_property, "swap window with 5 live sessions in s", done.swap.seconds)

    assert (done.swap.sessions, shop.release()) == (5, "previous")
    assert done.swap.seconds < 1.0
    assert all(each.wait(10) for each in held)


def test_what_belongs_to_the_database_itself_is_carried_over(shop: Base) -> None:
    """Privileges, settings of the database and of a role in it, comment, limit and locale."""
    shop.postgres.sql("ALTER DATABASE shop SET app.motto = 'it''s, so'")
    (said,) = shop.look().problems
    assert 'GRANT SET ON PARAMETER app.motto TO "shop"' in said.hint
    shop.postgres.sql('GRANT SET ON PARAMETER app.motto TO "shop"')
    shop.sql(
        "REVOKE ALL ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE shop TO reader;"
        """ALTER DATABASE shop SET search_path = "$user", 'public'; """
        "ALTER DATABASE shop SET work_mem = '5MB';"
        "ALTER ROLE shop IN DATABASE shop SET lock_timeout = '3s';"
        "COMMENT ON DATABASE shop IS 'the shop''s own'; ALTER DATABASE shop CONNECTION LIMIT 17;"
    )
    asked = (
        "SELECT datacl, datconnlimit, datcollate, pg_encoding_to_char(encoding), datdba, "
        "(SELECT string_agg(setrole || array_to_string(setconfig, ';'), '|' ORDER BY setrole) "
        " FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = "
    )
    before = shop.sql(f"{asked} 'shop'")
    shop.restore()

    assert shop.sql(f"{asked} 'shop'") == before
    assert "it's, so" in before
    comment = shop.sql(
        "SELECT shobj_description(oid,'pg_database') FROM pg_database WHERE datname = 'shop'"
    )
    assert comment.startswith("the shop's own [rollback: live run=r1 ")
    assert shop.sql("SHOW app.motto") == "it's, so"
    assert shop.sql("SHOW search_path") == '"$user", public'


def test_another_backup_set_or_dump_is_restored_again(shop: Base) -> None:
    """A deploy after the rollback has a record of its own; a copy of the comment marks nothing."""
    shop.restore()
    comment = shop.sql(
        "SELECT shobj_description(oid,'pg_database') FROM pg_database WHERE datname = 'shop'"
    )
    (shop.state / "backups.json").write_text("{}")
    assert not shop.look(run="r2").restored
    shop.restore(run="r2")
    assert shop.names() == ["shop", FAILED, "shop_failed_r2"]
    (shop.state / "backups.json").unlink()
    shop.sql(f"COMMENT ON DATABASE shop IS '{comment}'")
    assert not shop.look(run="r2").restored


@pytest.mark.parametrize("kind", ["custom", "plain", "directory", "tar", "plain, gzip"])
def test_a_truncated_dump_is_refused_before_anything_is_done(server: Base, kind: str) -> None:
    """The look refuses, and so does the restore when it happens after the look."""
    server.fresh(kind)
    digest = server.look().digest
    whole = server.dump
    server.dump = server.home / f"cut-{kind}"
    (shutil.copytree if whole.is_dir() else shutil.copy2)(whole, server.dump)
    file = max(server.dump.iterdir(), key=size) if server.dump.is_dir() else server.dump
    os.truncate(file, size(file) - 600)

    assert "cut" in str(server.look().problems) or "to its end" in str(server.look().problems)
    with pytest.raises(HostError, match="changed since the plan"):
        restore.restore(server.restoring(digest))
    assert (server.names(), server.release()) == (["shop"], "current")


def size(path: Path) -> int:
    """Return the size of a file."""
    return path.stat().st_size


@pytest.mark.parametrize("kind", FORMATS)
def test_a_bit_that_flips_after_the_look_is_refused(server: Base, kind: str) -> None:
    """Also in a plain dump, which carries no checksum: the plan is bound to its digest."""
    server.fresh(kind)
    digest = server.look().digest
    whole = server.dump
    server.dump = server.home / f"flipped-{kind}"
    (shutil.copytree if whole.is_dir() else shutil.copy2)(whole, server.dump)
    file = max(server.dump.iterdir(), key=size) if server.dump.is_dir() else server.dump
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    with pytest.raises(HostError, match="changed since the plan"):
        restore.restore(server.restoring(digest))
    assert (server.names(), server.release()) == (["shop"], "current")


LEAVING = [
    ("\\connect postgres\n", "\\connect postgres"),
    ("SELECT 1 \\! touch x\n", "\\! touch"),
    ("CREATE DATABASE other;\n", "CREATE DATABASE"),
    ("ALTER ROLE shop SUPERUSER;\n", "ALTER ROLE"),
    ("drop  role shop;\n", "drop role"),
    ("GRANT postgres TO shop;\n", "GRANT postgres"),
    ("ALTER SYSTEM SET fsync = off;\n", "ALTER SYSTEM"),
    ("SELECT 1; CREATE USER eve;\n", "CREATE USER"),
    ("/* a /* b */ ' */ DROP DATABASE shop;\n", "DROP DATABASE"),
    ("SELECT $x$ ' $$ $x$; \\c other\n", "\\c other"),
    ("SELECT E'it\\'s'; \\c other\n", "\\c other"),
    ("COMMENT ON DATABASE shop IS 'x';\n", "COMMENT ON"),
]


@pytest.mark.parametrize(("text", "words"), LEAVING)
def test_a_plain_dump_that_would_leave_the_database_is_refused(
    server: Base, text: str, words: str
) -> None:
    """Wherever on a line it begins, and in whatever case it is written."""
    server.fresh("plain")
    lines = server.dump.read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("CREATE TABLE"))
    server.dump = server.home / "leaving"
    server.dump.write_text("".join([*lines[:at], text, *lines[at:]]))
    server.dump.chmod(0o600)

    (said,) = server.look().problems
    assert f"changes objects outside the database: line {at + 1}: {words}" in said.problem
    assert "pg_dump -Fc" in said.hint


def test_words_in_data_quotes_and_bodies_are_no_commands(server: Base) -> None:
    """A dump with inserts, whose rows hold all of it in several lines, is restored as it is."""
    server.fresh()
    server.sql("DROP TABLE goods; CREATE TABLE goods (id int, words text)")
    told = "".join(f"\n{text}" for text, _ in LEAVING).replace("'", "''")
    server.sql("INSERT INTO goods VALUES (1, :'told')".replace(":'told'", f"'{told}'"))
    body = "BEGIN\n\\c x\nCREATE ROLE y;\nEND"
    server.sql(f"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $f$ SELECT '{body}' $f$")
    for options in (("--inserts",), ()):
        server.dump = server.home / f"inserts{len(options)}"
        server.postgres.client("pg_dump", *options, "-f", str(server.dump), "shop")
        server.dump.chmod(0o600)
        server.restore()
        assert server.sql("SELECT words FROM goods").endswith("COMMENT ON DATABASE shop IS 'x';")
        server.take_back()
        server.postgres.sql(f"DROP DATABASE {FRESH}")
        server.state = server.home / "state-again"


def test_a_whole_cluster_is_refused(server: Base) -> None:
    """What pg_dumpall writes would make roles and databases, and connect to them."""
    server.fresh()
    server.dump = server.home / "cluster"
    server.dump.write_text(server.postgres.client("pg_dumpall"))
    server.dump.chmod(0o600)

    told = [each.problem for each in server.look().problems]
    assert any("CREATE ROLE" in words for words in told)


def test_a_dump_that_fails_half_way_leaves_the_live_database_alone(server: Base) -> None:
    """The server's own words are told, without the data that it quotes; the rest is cleared up."""
    server.fresh("plain")
    text = server.dump.read_text().replace("previous", "previous\tsecret-value", 1)
    server.dump = server.home / "failing"
    server.dump.write_text(text)
    server.dump.chmod(0o600)
    with pytest.raises(HostError, match="cannot be restored") as caught:
        server.restore()

    assert "secret" not in caught.value.message + caught.value.hint
    assert server.release() == "current"
    server.undo()
    assert server.names() == ["shop"]


@pytest.mark.parametrize(
    ("user", "words", "hint"),
    [
        ("plain", "may not create databases", 'ALTER ROLE "plain" CREATEDB;'),
        ("plain", "belongs to shop", 'ALTER DATABASE "shop" OWNER TO "plain";'),
        ("postgres", "is a superuser", "CREATEDB"),
    ],
)
def test_a_role_that_may_not_is_told_what_it_needs(
    shop: Base, user: str, words: str, hint: str
) -> None:
    """In the server's own SQL; and a restore does not even begin."""
    found = shop.look(user=user).problems

    assert any(words in each.problem and hint in each.hint for each in found)
    with pytest.raises(HostError, match=words):
        restore.restore(shop.restoring("0" * 64, user=user))
    assert shop.names() == ["shop"]


def test_a_session_that_the_role_may_not_end_is_said(shop: Base) -> None:
    """The databases stay as they are and open; the fresh one is used by the next call."""
    argv = [shop.postgres.tools / "psql", "-h", shop.postgres.socket, "-p", shop.postgres.port]
    words = ["-U", "postgres", "-qX", "-d", "shop", "-c", "SELECT pg_sleep(60)"]
    other = subprocess.Popen([*map(str, argv), *words], stderr=subprocess.DEVNULL)
    while shop.postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE query ~ 'sleep'") < "2":
        time.sleep(0.02)
    with pytest.raises(HostError, match="could not be swapped") as caught:
        shop.restore()

    assert 'GRANT pg_signal_backend TO "shop"' in caught.value.hint
    assert shop.release() == "current"
    shop.postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
        "pg_backend_pid() AND datname = 'shop'"
    )
    other.wait(10)
    oid = shop.sql("SELECT oid FROM pg_database WHERE datname = 'shop_rollback_r1'")
    shop.restore()
    assert shop.sql("SELECT oid FROM pg_database WHERE datname = 'shop'") == oid


def test_nobody_connects_as_root(shop: Base) -> None:
    """As root we become somebody else; where only root could, nothing is done."""
    if os.geteuid():
        pytest.skip("this is about root")
    asked = restore.reached(shop.access(), "r1")

    assert asked.account not in {"", "root"}
    with pytest.raises(HostError, match="no database server listens"):
        shop.look(port=1)
    with pytest.raises(HostError, match="cannot be reached as the role 'nobody'"):
        shop.look(user="nobody")
    link = shop.home / f".s.PGSQL.{shop.postgres.port}"
    link.write_text("a socket of root's")
    with pytest.raises(HostError, match="never called as root"):
        shop.look(host=str(shop.home), user="root", account="root")
    link.unlink()


@pytest.mark.parametrize("way", ["restore", "undo"])
def test_an_agent_killed_at_any_step_leaves_a_whole_database(
    shop: Base, way: str, record_property: Keep
) -> None:
    """Before and after the start of every command and before every entry: whole, and goes on."""
    died, point = 0, 1 - STRIDE
    while True:
        point += STRIDE
        shop.fresh()
        if way == "undo":
            shop.restore()
        process = shop.script(way, point)
        _, said = process.communicate(timeout=60)
        assert process.returncode in {0, -signal.SIGKILL}, said.decode()
        if process.returncode == 0:
            break
        died += 1
        if way == "restore":
            shop.restore()
            assert shop.release() == "previous"
            assert shop.names() == ["shop", FAILED]
        shop.undo()
        assert shop.release() == "current"
        assert FAILED not in shop.names()
    tell(record_property, f"steps of the {way} at which the agent was killed", died)
    assert died * STRIDE >= {"restore": 25, "undo": 9}[way], "few kills prove little"


@pytest.mark.parametrize(("kind", "delay"), [("custom", 0.0), ("plain", 0.004)])
def test_a_tool_killed_at_any_time_leaves_the_live_database(
    server: Base, kind: str, delay: float, record_property: Keep
) -> None:
    """Each call of a tool in turn, after some time: whole, and the next call goes on."""
    server.fresh(kind)
    digest = server.look().digest
    tools = deadly(server)
    refused = 0
    for point in (*range(1, CALLS + 1), SWAP, SWAP):
        (tools / "number").write_text("")
        (tools / "point").write_text(f"{point} {delay}")
        try:
            restore.restore(server.restoring(digest))
        except HostError:
            refused += 1
            server.postgres.sql("ALTER DATABASE shop ALLOW_CONNECTIONS true")
            assert server.release() in {"current", "previous"}
        else:
            server.fresh(kind)
    (tools / "point").write_text("0 0")
    server.restore()
    assert (server.release(), server.names()) == ("previous", ["shop", FAILED])
    server.undo()
    assert server.release() == "current"
    tell(record_property, f"calls that the death of a tool ended, {kind} dump", refused)
    assert refused > CALLS / 2


def deadly(server: Base) -> Path:
    """Have the tools run by a script that kills one of their calls."""
    tools = server.postgres.directory / "deadly"
    shutil.rmtree(tools, ignore_errors=True)
    tools.mkdir()
    for name in ("psql", "pg_restore"):
        (tools / name).write_text(DEADLY.format(real=server.postgres.tools / name, here=tools))
        (tools / name).chmod(0o755)
    (tools / "number").touch()
    (tools / "number").chmod(0o666)
    server.tools = str(tools)
    return tools


CALLS = 15
"""Calls of tools in a whole restore."""

SWAP = 4
"""The call that swaps, when there is a fresh database already."""

DEADLY = """#!/bin/sh
echo x >> {here}/number
read point delay < {here}/point
if [ "$(wc -l < {here}/number)" -ne "$point" ]; then exec {real} "$@"; fi
exec 3<&0
{real} "$@" <&3 &
sleep "$delay"
kill -9 $! 2>/dev/null
wait $!
"""


def test_names_never_exceed_what_the_server_takes() -> None:
    """A long name or run is cut to a hash; two runs never share a name."""
    long = naming.names("d" * 60, "r" * 90)
    other = naming.names("d" * 60, "r" * 89 + "s")

    assert all(len(name.encode()) <= naming.LONGEST for name in (*long, *other))
    assert len({*long, *other}) == 5
    assert naming.names("shop", "r1") == ("shop", FRESH, FAILED)
    assert len(naming.names("é" * 31, "r" * 50).fresh.encode()) <= naming.LONGEST
