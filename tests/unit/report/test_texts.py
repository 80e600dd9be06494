"""The report's texts: no secret, nothing hidden, short; numbers and times as one reads them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.plugin.pytest_html_adapter import unchanged
from pytest_rollback.report.html.page import render_log
from pytest_rollback.report.html.presenter import finite
from pytest_rollback.report.html.raw_log import Log
from pytest_rollback.report.html.sanitize import clean, scrub
from pytest_rollback.text.quantities import clock, milliseconds, moment, span
from tests.unit.support.report_records import MEGABYTE, ParsedPage, unchanged_but


def test_log_is_redacted_cut_and_text() -> None:
    """The raw log shows the worst first, without secrets, the end of a long text, all as text."""
    log = Log(unchanged_but("s3cret"))
    log.add("t::good", "passed", 0.1, "", [])
    log.add(
        "t::bad", "passed", 0.1, "", [("setup <b>", "s3cret" + "y" * 10_000_000 + "<i>the end")]
    )
    log.add("t::bad", "failed", 0.1, "E   assert <b>", [])

    page = render_log(log)

    assert len(page.encode()) < MEGABYTE / 4
    assert page.index("t::bad") < page.index("t::good")
    assert "the end" in page
    assert "characters omitted" in page
    assert "s3cret" not in page
    assert not {"b", "i"} & ParsedPage(page).tags


def test_log_of_many_tests_is_small() -> None:
    """A thousand tests that all print leave the raw log below a quarter of a megabyte."""
    log = Log(unchanged)
    for number in range(1000):
        log.add(f"t::{number}", "failed", 0.1, "<" * 9000, [("out", "&" * 9000)])

    page = render_log(log)

    assert len(page.encode()) < MEGABYTE / 4
    assert re.search(r"and [\d,]+ more tests", page)


def test_no_test_no_log() -> None:
    """A session without tests has no raw log."""
    assert render_log(Log(unchanged)) == ""


@given(st.text(st.characters()))
def test_scrubbing_twice_changes_nothing(text: str) -> None:
    """A scrubbed text is valid UTF-8 and stays as it is."""
    once = scrub(text)

    once.encode("utf-8")
    assert scrub(once) == once


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x1b\\", "link"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("progress\r100%", "progress\\x0d100%"),
        ("\udcff\ud800", "\\xff[U+D800]"),
        ("\u202egnp.exe", "[U+202E]gnp.exe"),
    ],
)
def test_scrub_shows_what_hides(text: str, seen: str) -> None:
    """Colours go, line ends and tabs stay, what hides is written out."""
    assert scrub(text) == seen


def test_clean_finds_a_secret_in_two_pieces() -> None:
    """A secret cut in two by an escape sequence is redacted all the same."""
    assert clean("a s3c\x1b[31mret b", unchanged_but("s3cret"), 50) == "a *** b"


@pytest.mark.parametrize("pad", range(2030, 2040))
def test_clean_shows_no_half_of_a_secret(pad: int) -> None:
    """Where a huge text is cut, no piece of a secret is left, though escapes hid it before."""
    text = "\x1b[31m" * 200 + "x" * (pad - 1000) + "s3c\x1b[0mret" + "y" * 100_000

    assert "s3c" not in clean(text, unchanged_but("s3cret"), 250)


def test_words_for_numbers() -> None:
    """Times are said as one reads them, and nothing is a dash."""
    assert [clock(value) for value in (41.2, 900, 3725, -70)] == [
        "0m41s",
        "15m00s",
        "1h02m05s",
        "-1m10s",
    ]
    assert [span(value) for value in (0.08, 2.1, 20.0, 180)] == ["80 ms", "2.1 s", "20 s", "3m00s"]
    assert [milliseconds(value) for value in (3.14159, 284.1)] == ["3.14 ms", "284 ms"]
    assert clock(None) == span(None) == milliseconds(None) == "—"


def test_times_are_in_utc() -> None:
    """A local time is shown in UTC, what is no time stays as it is."""
    assert moment("2026-11-24T07:12:00+01:00") == "2026-11-24 06:12:00 UTC"
    assert moment("soon") == "soon"


@pytest.mark.parametrize("value", [True, "1", None, float("nan"), float("inf"), 10**400, [1]])
def test_only_finite_numbers_are_numbers(value: object) -> None:
    """What cannot be drawn is no number."""
    assert finite(value) is None
