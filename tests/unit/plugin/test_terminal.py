"""The verdict in the terminal: its colour says the same as its word."""

from __future__ import annotations

from io import StringIO

import pytest
from _pytest._io import TerminalWriter

from pytest_rollback.plugin.terminal import colour
from pytest_rollback.text.quantities import VERDICTS

SHOWN = {
    "RECOVERED": "\x1b[32m",
    "READY": "\x1b[32m",
    "STEADY": "\x1b[32m",
    "NOT RECOVERED": "\x1b[31m",
    "NOT READY": "\x1b[31m",
    "ROLL BACK NOW": "\x1b[31m",
    "PARTIAL": "\x1b[33m",
    "INCONCLUSIVE": "\x1b[33m",
    "REHEARSED": "\x1b[36m",
}


def line(verdict: str, *, colours: bool) -> str:
    """Return the line of a verdict as pytest writes it."""
    file = StringIO()
    writer = TerminalWriter(file)
    writer.hasmarkup = colours
    writer.sep("=", verdict, fullwidth=40, **colour(verdict))
    return file.getvalue()


@pytest.mark.parametrize("verdict", SHOWN)
def test_a_verdict_has_its_colour(verdict: str) -> None:
    """Good is green, bad red, doubt yellow, and what is neither cyan."""
    assert SHOWN[verdict] in line(verdict, colours=True)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_without_colours_it_is_the_word(verdict: str) -> None:
    """Every verdict that there is can be written."""
    assert f" {verdict} " in line(verdict, colours=False)
    assert "\x1b" not in line(verdict, colours=False)


def test_a_verdict_that_nobody_knows_is_written_too() -> None:
    """A part may bring one."""
    assert "\x1b[36m" in line("UNHEARD OF", colours=True)
