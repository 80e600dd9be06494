"""Fleets whose releases may not serve at once, and what happens once for all of their hosts."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.fleet.hosts import Hosts
from tests.fleet.test_scenes import ARMED, fleet, until
from tests.unit.support.mailbox import Inbox, inbox

__all__ = ["fleet"]

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
