"""Fleets whose releases may not serve at once, and what happens once for all of their hosts."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.fleet.hosts import Hosts
from tests.fleet.test_scenes import ARMED, until
from tests.unit.support.mailbox import Inbox, inbox

PAGE = """#!/bin/sh
echo "$1" >> {home}/page.log
case "$1" in
  on) touch {home}/page ;;
  off) test -e {home}/stuck || rm -f {home}/page ;;
  look) test -e {home}/page && echo maintenance || echo system ;;
esac
"""
SAID = {"owner": "ann", "reason": "it only adds", "until": "2999-12-31"}


def described(all_: Hosts, once: list[str], **tables: Any) -> Path:  # noqa: ANN401 - any table
    """Describe a fleet with a page by commands and further tables; return the page's mark."""
    script = all_.home / "page.sh"
    script.write_text(PAGE.format(home=all_.home))
    script.chmod(0o755)
    words = {each: [str(script), each] for each in ("on", "off", "look")}
    all_.describe(once=once, **tables.pop("fleet", {}))
    commands = {**words, "shown": "maintenance", "lifted": "system"}
    document = {**tomllib.loads(all_.manifest.read_text()), "maintenance": {"commands": commands}}
    all_.manifest.write_text(tomli_w.dumps({**document, **tables}))
    return all_.home / "page"


def switched(all_: Hosts) -> list[str]:
    """Return how the page was switched so far, in its order."""
    log = all_.home / "page.log"
    words = log.read_text().split() if log.exists() else []
    return [each for each in words if each != "look"]


@pytest.fixture
def carrier() -> str:
    """One way in which hosts are reached: what happens once does not depend on it."""
    return "ssh"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """Return where messages go, with the token of whoever sends some."""
    monkeypatch.setenv("PAGER_TOKEN", "t0ken-of-the-pager")
    with inbox(200) as made:
        yield made


def pager(box: Inbox) -> dict[str, Any]:
    """Return a table that leads there."""
    return {"pager": {"url": box.url, "variable": "PAGER_TOKEN"}}


def told(box: Inbox) -> list[str]:
    """Return what was told there."""
    return [each["body"]["event"] for each in box.requests]


def test_all_at_once_behind_one_page_with_one_message(
    fleet: Callable[..., Hosts], box: Inbox
) -> None:
    """No host is rolled back before all are stopped, and an undo goes the same way."""
    all_ = fleet(2)
    page = described(all_, ["messages", "page"], notify=pager(box))
    code, printed = all_.rollback("roll", ARMED, "--at-once")
    assert (code, "RECOVERED 2 of 2" in printed) == (0, True), printed + all_.output("h1")
    hosts = all_.record["hosts"]
    assert max(each["isolated"] for each in hosts) < min(each["begun"] for each in hosts)
    assert (set(all_.disks.values()), switched(all_), page.exists()) == (
        *({"1"}, ["on", "off"]),
        False,
    )
    assert told(box) == ["start", "recovery"]

    code, printed = all_.rollback("undo", ARMED, "--at-once")
    assert (code, set(all_.disks.values())) == (0, {"2"}), printed + all_.output("h1")
    assert switched(all_) == ["on", "off"] * 2
    code, printed = all_.rollback("status")  # the units run, so that nothing is stopped any more
    assert (code, printed.count("undone")) == (0, 2), printed
    assert told(box) == ["start", "recovery"]


@pytest.mark.long
def test_what_cannot_be_stopped_leaves_the_page_and_the_same_command_goes_on(
    fleet: Callable[..., Hosts], box: Inbox
) -> None:
    """One host goes away: none is rolled back; a signal, an undo, and all of it once more."""
    all_ = fleet(3)
    page = described(all_, ["messages", "page"], notify=pager(box), fleet={"max_failed": 2})
    process = all_.started("roll", ARMED, "--at-once")
    until(page.exists, process)
    all_.hosts["h3"].end()
    printed = process.communicate()[0]
    wanted = {"h1": "isolated", "h2": "isolated", "h3": "never reached"}
    assert (process.returncode, all_.outcomes, page.exists()) == (1, wanted, True), printed
    assert "stopped after the isolation; the maintenance page is still shown" in printed
    assert "h3 could not be stopped, so that none is rolled back" in printed
    assert {n: all_.disks[n] for n in ("h1", "h2")} == {"h1": "2", "h2": "2"}
    assert told(box) == ["start", "failure"]

    all_.describe_again(hosts=["root@h1", "root@h2"])
    code, printed = all_.rollback("status")
    assert "the maintenance page is shown" in printed
    assert printed.count("isolated") == 2
    code, printed = all_.rollback("undo", ARMED, "--at-once")
    assert (code, page.exists(), all_.outcomes) == (
        *(0, False, {"h1": "recovered", "h2": "recovered"}),
    ), printed
    code, printed = all_.rollback("ready", "--at-once")
    assert code == 0, printed

    stops = "reports/*/hosts/*/isolated/output.txt"
    before = len([*all_.home.glob(stops)])
    process = all_.started("roll", ARMED, "--at-once")
    until(lambda: len([*all_.home.glob(stops)]) == before + 2, process)
    process.send_signal(signal.SIGINT)
    printed = process.communicate()[0]
    assert (process.returncode, page.exists()) == (2, True), printed
    assert all_.outcomes == {"h1": "isolated", "h2": "isolated"}
    (all_.home / "stuck").touch()
    code, printed = all_.rollback("roll", ARMED, "--at-once")
    assert (code, page.exists(), all_.outcomes) == (
        *(1, True, {"h1": "recovered", "h2": "recovered"}),
    ), printed
    assert "NOT RECOVERED: the maintenance page is not off" in printed
    (all_.home / "stuck").unlink()
    code, printed = all_.rollback("roll", ARMED, "--at-once")
    assert (code, page.exists(), "RECOVERED 2 of 2, 2 already" in printed) == (0, False, True)


def database(all_: Hosts, how: str) -> tuple[Path, dict[str, Any]]:
    """Make a database that all hosts share, and a dump without its last row; return its table."""
    all_.home.chmod(0o711)
    (all_.home / "data").mkdir()
    live, dump = all_.home / "data/shop.db", all_.home / "data/dump.db"
    with sqlite3.connect(live) as lines:
        lines.execute("create table orders (id integer primary key, what text)")
        lines.execute("insert into orders (what) values ('one')")
    shutil.copyfile(live, dump)
    dump.chmod(0o600)
    earlier = time.time() - 3600  # before the deploy
    os.utime(dump, (earlier, earlier))
    for each in (live.parent, live, dump):
        shutil.chown(each, "nobody", "nogroup")  # nothing of it is opened as root
    table = {"engine": "sqlite", "name": str(live), "dump": str(dump), "return": how}
    return live, table


def rows(live: Path) -> int:
    """Return how many rows a database has."""
    with sqlite3.connect(f"file:{live}?mode=ro", uri=True) as lines:
        return int(lines.execute("select count(*) from orders").fetchone()[0])


@pytest.mark.long
def test_both_releases_on_one_database_have_to_be_shown_or_declared(
    fleet: Callable[..., Hosts],
) -> None:
    """Else rolling is refused before anything is changed, by readiness as well."""
    all_ = fleet(2)
    _, table = database(all_, "keep")
    described(all_, [], database=table)
    all_.describe_again(maintenance=None)
    for verb, words in (("roll", (ARMED,)), ("ready", ())):
        code, printed = all_.rollback(verb, *words)
        assert (code, set(all_.disks.values())) == (1, {"2"}), printed
        assert "both releases would serve at once: schema: " in printed
        assert ("HINT: " in printed, "--at-once" in printed) == (True, True)
    assert all_.rollback("roll", ARMED, "--limit=h1")[0] == 1

    all_.describe_again(fleet={"mixed": {"schema": SAID}})
    code, printed = all_.rollback("roll", ARMED)
    assert (code, "sessions: nobody has declared" in printed) == (1, True), printed
    all_.describe_again(fleet={"mixed": {"schema": SAID, "sessions": SAID}})
    code, printed = all_.rollback("roll", ARMED)
    assert (code, set(all_.disks.values())) == (0, {"1"}), printed
    said = "schema: accepted by both, says ann until 2999-12-31: it only adds"
    assert (said in printed, all_.record["accepted"][0]) == (True, said)
    (text,) = [p.read_text() for p in all_.home.glob(f"reports/{all_.record['run']}/fleet.html")]
    assert said.partition(": ")[2] in text
    code, printed = all_.rollback("undo", ARMED)
    assert (code, set(all_.disks.values())) == (0, {"2"}), printed


@pytest.mark.long
def test_the_canary_restores_the_database_once_while_all_are_stopped(
    fleet: Callable[..., Hosts],
) -> None:
    """And an undo swaps it back once; without that, or a word for the loss, nothing is changed."""
    all_ = fleet(3)
    live, table = database(all_, "restore")
    described(all_, ["page"], database=table)
    code, printed = all_.rollback("roll", ARMED)
    assert (code, "each host of the fleet would restore the database" in printed) == (4, True)
    described(all_, ["page", "database"], database=table)
    code, printed = all_.alone("rehearse")
    assert code == 0, printed
    with sqlite3.connect(live) as lines:
        lines.execute("insert into orders (what) values ('two')")
    code, printed = all_.rollback("roll", ARMED, "--at-once")
    assert (code, rows(live), "nobody has accepted" in printed) == (13, 2, True), printed
    code, printed = all_.rollback("roll", ARMED, "--at-once", "--accept-loss=1m")
    assert (code, switched(all_), all_.record["stopped"]) == (
        *(1, [], "h1 would refuse the rollback"),
    ), printed
    assert "accepted was 60s" in " ".join(printed.split())

    code, printed = all_.rollback("roll", ARMED, "--at-once", "--accept-loss=2h")
    assert (code, rows(live), set(all_.disks.values())) == (0, 1, {"1"}), printed + all_.output(
        "h1"
    )
    assert len([*live.parent.glob("shop.db*")]) == 2, [*live.parent.glob("shop.db*")]
    code, printed = all_.rollback("undo", ARMED, "--at-once", "--accept-loss=2h")
    assert (code, rows(live), set(all_.disks.values())) == (0, 2, {"2"}), printed + all_.output(
        "h1"
    )
