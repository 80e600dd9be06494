"""The journal: what was written is there, a torn tail is dropped, any other damage stops."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.state.journal import START, Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of three entries."""
    path = tmp_path / "journal"
    journal = Journal(str(path))
    for number in range(3):
        journal.add("step", number=number, name="a\udcff\n")
    journal.close()
    return path


def test_what_was_written_is_read_again(path: Path) -> None:
    """Entries come back in order, names that are no UTF-8 included."""
    journal = Journal(str(path))

    assert [each["number"] for each in journal.entries] == [0, 1, 2]
    assert journal.entries[0]["name"] == "a\udcff\n"
    assert journal.head != START
    journal.close()


def test_nobody_else_can_read_it(path: Path) -> None:
    """The file's mode is 0600."""
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_torn_tail_is_dropped_at_any_byte(path: Path) -> None:
    """However short the last line was cut, the entries before it stand, and writing goes on."""
    whole = path.read_bytes()
    begin = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(begin + 1, len(whole)):
        path.write_bytes(whole[:cut])
        journal = Journal(str(path))
        journal.add("more")
        journal.close()
        again = Journal(str(path))

        assert [each["event"] for each in again.entries] == ["step", "step", "more"]
        again.close()


@pytest.mark.parametrize("line", [0, 1, 2])
def test_an_edited_line_stops_everything(path: Path, line: int) -> None:
    """A changed entry, wherever it is, is damage with its line's number."""
    lines = path.read_text().splitlines()
    entry = json.loads(lines[line])
    lines[line] = json.dumps({**entry, "number": 9})
    path.write_text("\n".join([*lines, ""]))
    with pytest.raises(HostError, match=f"damaged at line {line + 1}"):
        Journal(str(path))


def test_a_missing_line_stops_everything(path: Path) -> None:
    """The chain notices an entry that was taken out."""
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[2], ""]))
    with pytest.raises(HostError, match="damaged at line 2"):
        Journal(str(path))
