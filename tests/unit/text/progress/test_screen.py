"""Ticks on a terminal: whatever is printed between them stands there as without them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.progress.screen import Place, Screen, columns
from pytest_rollback.progress.stream import TickedStream
from pytest_rollback.recovery.rehearsal import folded

TICK = None
"""Stands for a tick between two printed texts."""

PRINTED = st.lists(
    st.one_of(
        st.just(TICK),
        st.text(alphabet=".FI\n", max_size=100),
        st.sampled_from(("\x1b[32mgreen\x1b[0m", "collecting\rdone", "x" * 80, "漢字 ", "\n")),
    ),
    max_size=14,
)
Said = Sequence[str | None]


class Shown:
    """A terminal of 80 columns behind a pipe, as a person sees it."""

    def __init__(self) -> None:
        self.screen = pyte.HistoryScreen(80, 10, history=1000)
        self.screen.set_mode(pyte.modes.LNM)  # as a terminal's driver does
        self.stream = pyte.ByteStream(self.screen)

    def rows(self) -> list[str]:
        """Return everything that stands there, also what has scrolled away."""
        found = [*self.screen.history.top, *(self.screen.buffer[n] for n in range(10))]
        return ["".join(row[n].data for n in range(80)).rstrip() for row in found]


@contextmanager
def played(said: Said, *, in_place: bool) -> Iterator[tuple[bytes, bytes]]:
    """Print texts with ticks between them; yield what was written before and after the end."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8", newline="") as file:
        screen = Screen(Place(os.dup(writing), in_place=in_place))
        stream = TickedStream(file, screen)
        for number, each in enumerate(said):
            if each is None:
                screen.tick(f"0m{number:02d}s tick")
            else:
                stream.write(each)
        before = os.read(reading, 1_000_000) if any(each != "" for each in said) else b""
        screen.close()
    after = os.read(reading, 1_000_000)
    os.close(reading)
    yield before, after


def rows(*raw: bytes) -> list[str]:
    """Return what a person sees of some bytes."""
    shown = Shown()
    for each in raw:
        shown.stream.feed(each)
    return shown.rows()


@given(PRINTED)
def test_what_was_printed_stands_there_as_if_nothing_ticked(said: Said) -> None:
    """In the middle of a line too, at the last column and where the terminal scrolls."""
    text = "".join(each for each in said if each is not None)

    with played(said, in_place=True) as (before, after):
        seen = rows(before, after)

    plain = rows(text.encode())
    assert [row for row in seen if row] == [row for row in plain if row]


@given(PRINTED)
def test_a_tick_is_the_last_line_and_the_only_one(said: Said) -> None:
    """Each takes the place of the one before it."""
    with played([*said, TICK], in_place=True) as (before, _):
        seen = [row for row in rows(before) if row]

    assert seen[-1] == f"0m{len(said):02d}s tick"
    assert sum(row.endswith("s tick") for row in seen) == 1


@given(PRINTED)
def test_in_a_pipe_every_tick_has_a_line_of_its_own(said: Said) -> None:
    """Nothing is taken away there, and nothing that is printed is lost."""
    with played(said, in_place=False) as (before, after):
        lines = (before + after).decode().split("\n")

    wanted = [f"0m{number:02d}s tick" for number, each in enumerate(said) if each is None]
    assert [each for each in lines if each.endswith("s tick")] == wanted
    left = "".join(each for each in lines if not each.endswith("s tick"))
    assert left == "".join(filter(None, said)).replace("\n", "")
    assert b"\x1b[K" not in before


@pytest.mark.parametrize(
    ("said", "width"), [("60", 60), ("80", 80), ("200", 80), ("12", 40), ("none", 80), ("0", 80)]
)
def test_texts_fit_a_narrow_terminal(
    said: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And get no wider than 80 columns: summaries, plans and lists wrap by this."""
    monkeypatch.setenv("COLUMNS", said)
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((80, 24)))

    assert columns() == width
    assert {len(each) for each in folded("four " * 40, 2)} <= set(range(width + 1))
