"""A journal of a bundle is held against the host's, also where secret files are masked in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_rollback.agent.rollback.export import without
from pytest_rollback.agent.state import journal
from pytest_rollback.report.rebuild import continues

DIGEST = "ab" * 32


@pytest.fixture
def host(tmp_path: Path) -> str:
    """The journal on the host: two files, and what came after."""
    one = journal.Journal(str(tmp_path / "journal"))
    one.add("plan", items=[["config/.env", DIGEST, 104], ["web/a.py", DIGEST, 7]])
    one.add("last", files=2)
    one.close()
    return (tmp_path / "journal").read_text()


def masked(text: str, *secrets: str) -> bytes:
    """Return a journal as it leaves a host with these secret files."""
    return "".join(without(each, secrets) for each in text.splitlines(keepends=True)).encode()


def test_a_copy_follows_whichever_files_are_secret_now(host: str) -> None:
    """None, this one, another one, and both; and the beginning of it."""
    ways = [masked(host), masked(host, "config/.env"), masked(host, "web/a.py")]
    ways += [masked(host, "config/.env", "web/a.py")]

    assert all(continues(ours, theirs) for ours in ways for theirs in ways)
    assert all(continues(ours.splitlines(keepends=True)[0], ways[1]) for ours in ways)


@pytest.mark.parametrize(
    ("old", "new"),
    [("web/a.py", "web/b.py"), ('"event": "plan"', '"event": "done"'), (", 7]", ", 8]")],
)
def test_what_is_masked_hides_no_change(host: str, old: str, new: str) -> None:
    """An entry that says of itself that it is masked still has to be the host's."""
    ours = masked(host, "config/.env").decode().replace(old, new).encode()

    assert not continues(ours, masked(host, "config/.env"))
    assert not continues(ours, masked(host))


def test_nothing_is_added(host: str) -> None:
    """An entry more than the host has, or one that is no entry."""
    more = json.dumps({"masked": True, "hash": "0" * 64}) + "\n"

    assert not continues(masked(host) + more.encode(), masked(host))
    assert not continues(masked(host) + b"[]\n", masked(host))
