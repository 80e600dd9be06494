"""The report's page: complete if things are missing, text if hostile, small if huge."""

from __future__ import annotations

import html
import json
import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_rollback.criteria import OUTCOMES
from pytest_rollback.plugin.pytest_html_adapter import unchanged
from pytest_rollback.report.html.latency import LABEL, axis, scale_ticks
from pytest_rollback.report.html.page import STYLE, document, title
from pytest_rollback.report.html.timeline import ticks
from pytest_rollback.run.run_record import dump, salvaged
from pytest_rollback.text import quantities
from tests.unit.support.report_records import (
    MEGABYTE,
    ParsedPage,
    criterion,
    full,
    rendered,
    unchanged_but,
)

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x1b[31m\0\u202e\udcff\ud800{{ 7*7 }}"
)
LISTS = ("reasons", "phases", "users", "criteria", "latency", "checklist")
SECTIONS = ("advice", "facts", "timeline", "users", "criteria", "latency", "checklists", "origin")


def test_hostile_text_stays_text() -> None:
    """A hostile text in every place of the record makes the same elements as a plain one."""
    hostile, plain = (
        ParsedPage(document("x", [rendered(full(HOSTILE))])),
        ParsedPage(document("x", [rendered(full())])),
    )

    assert hostile.tags == plain.tags
    assert hostile.attributes == plain.attributes
    assert "script" not in hostile.tags
    assert "<script>alert(1)</script>" in hostile.text
    assert "{{ 7*7 }}" in hostile.text


def test_hostile_text_can_be_written() -> None:
    """What comes out is UTF-8 without a NUL, an escape or a direction override."""
    page = rendered(full(HOSTILE))

    page.encode("utf-8")
    assert not set(page) & {"\0", "\x1b", "\u202e"}
    assert "\\xff" in page
    assert "[U+202E]" in page


def test_every_text_is_redacted() -> None:
    """A secret in any place of the record is gone, also when a colour code cuts it in two."""
    redact = unchanged_but("s3cret")

    page = rendered(full("s3cret"), redact) + rendered(full("s3c\x1b[1mret"), redact)

    assert "s3cret" not in page
    assert "***" in page


def test_secret_is_redacted_before_it_is_escaped() -> None:
    """A secret that HTML writes differently is gone in both writings."""
    secret = "p&s<s\"w'rd"  # noqa: S105 - that is the point

    page = rendered(full(secret), unchanged_but(secret))

    assert secret not in page
    assert html.escape(secret) not in page
    assert secret not in html.unescape(page)


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(full()), {key: [] for key in full()}])
def test_nothing_at_all_still_makes_a_page(empty: dict[str, Any]) -> None:
    """An empty record is inconclusive, and has facts and origin."""
    seen = ParsedPage(document("x", [rendered(empty)]))

    assert "INCONCLUSIVE" in seen.text
    assert {"facts", "origin"} <= set(seen.ids)
    assert not {"timeline", "users", "criteria", "latency"} & set(seen.ids)


@pytest.mark.parametrize("key", sorted(full()))
def test_any_value_may_be_null(key: str) -> None:
    """Each single value can be missing."""
    assert "</main>" in rendered(full() | {key: None})


@pytest.mark.parametrize("key", LISTS)
def test_any_list_may_hold_nothing_useful(key: str) -> None:
    """Rows without values, and rows that are no rows, are no reason to have no report."""
    assert "</main>" in rendered(full() | {key: [{}, None, 7, "text", []]})


def test_what_was_not_evaluated_is_listed() -> None:
    """Below the reasons, each by its id; nothing where the suites are whole."""
    left = ["readiness.a.b", "readiness.c.d [web]"]
    seen = ParsedPage(document("x", [rendered(full() | {"not_evaluated": left})]))
    whole = ParsedPage(document("x", [rendered(full() | {"not_evaluated": []})]))

    assert all(each in seen.text for each in ("not evaluated", *left))
    assert "not evaluated" not in whole.text


def test_the_recommendation_is_shown_with_every_rule_and_command() -> None:
    """What fired, the value beside its threshold, where nothing is said, and what to type."""
    rule = {"calls for": "isolate", "id": "triage.components.up", "component": "p2p"}
    rule |= {"measured": "p2p is down", "threshold": "always up", "note": "silent"}
    told = {
        "words": "ISOLATE p2p FIRST",
        "rules": [rule],
        "notes": ["note: both"],
        "steps": ["now"],
    }
    seen = ParsedPage(document("x", [rendered(full() | {"advice": told})]))
    calm = ParsedPage(document("x", [rendered(full() | {"advice": {"words": "MONITOR"}})]))

    for each in (*rule.values(), "ISOLATE p2p FIRST", "both", "now"):
        assert each in seen.text
    assert "No rule applies." in calm.text
    assert "advice" not in ParsedPage(document("x", [rendered(full() | {"advice": {}})])).ids


@given(st.lists(st.floats(0.01, 100_000), min_size=1, max_size=5))
@example([80608.0, 1.01])
def test_labels_of_an_axis_stand_apart(times: list[float]) -> None:
    """Also on the narrowest page no two labels touch, and none leaves the chart."""
    places = [float(x.rstrip("%")) / 100 for x, _ in scale_ticks(axis(times))]

    rounded = 1e-3  # a place is written with two digits of a percent
    assert all(LABEL / 2 - rounded < at < 1 - LABEL / 2 + rounded for at in places)
    assert all(after - before >= LABEL - rounded for before, after in pairwise(places))


@pytest.mark.parametrize("end", [7, 45, 59, 300, 899, 2400, 90_000])
def test_a_time_axis_has_few_labels(end: float) -> None:
    """Six at most, so that they stand apart at 400 pixels."""
    assert 1 < len(ticks(end)) <= 6


def test_sections_are_in_their_order() -> None:
    """Verdict first, then what triage recommends, the facts, and what they rest on."""
    ids = ParsedPage(rendered(full())).ids

    assert [each for each in ids if each in ("verdict", *SECTIONS)] == ["verdict", *SECTIONS]
    assert len(ids) == len(set(ids))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(full())),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["name", "seconds", "second", "up", "begin", "budget"])
                    | st.sampled_from(["samples_ms", "p95", "limit_ms", "changes", "outcome"]),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=12,
        ),
    )
)
def test_no_record_is_a_reason_to_have_no_report(record: dict[str, Any]) -> None:
    """Whatever JSON can say becomes well-formed HTML."""
    assert "main" in ParsedPage(rendered(record)).tags


def test_many_findings_are_counted() -> None:
    """Of ten thousand findings the first fifty are shown, and how many more there are."""
    row = criterion("x", findings=[f"finding number {n};" for n in range(10_000)])

    page = rendered(full() | {"criteria": [row]})

    assert page.count("finding number") == 50
    assert "and 9,950 more findings" in page


def test_ten_megabytes_make_a_small_page() -> None:
    """A text of ten megabytes in every place leaves the page below one."""
    page = rendered(full("<&\"'\u202e" * 2_000_000))

    assert len(page.encode()) < MEGABYTE
    assert "characters omitted" in page


def test_huge_lists_make_a_small_page() -> None:
    """Thousands of rows of everything leave the page below one megabyte."""
    record = full("<" * 300)
    many = {key: value * 3000 for key, value in record.items() if isinstance(value, list)}
    many["criteria"] = [criterion("<" * 300, findings=["<" * 300] * 100)] * 3000

    page = rendered(record | many)

    assert len(page.encode()) < MEGABYTE
    assert "not met" in page


def test_failures_come_first() -> None:
    """What needs somebody stands above what is met, and is open."""
    rows = [criterion("a", id="s.met", outcome="met"), criterion("a", id="s.failed")]

    page = rendered(full() | {"criteria": rows})

    assert page.index("s.failed") < page.index("s.met")
    assert page.count("<details open>") == 1


def test_many_met_criteria_are_folded() -> None:
    """What needs somebody is not below a hundred rows that do not; all of them are still there."""
    rows = [criterion("a", id=f"s.met.n{n}", outcome="met") for n in range(100)]
    page = rendered(full() | {"criteria": [*rows, criterion("a", id="s.x.failed")]})
    few = rendered(full() | {"criteria": rows[:20]})

    assert "<summary>Show 100 met criteria</summary>" in page
    assert page.index("s.x.failed") < page.index("<summary>Show 100 met criteria</summary>")
    assert all(f"s.met.n{n}<" in page or f"s.met.n{n} <" in page for n in range(100))
    assert "<summary>Show 20" not in few


def test_unknown_outcome_is_inconclusive() -> None:
    """What was not proven is never shown as met."""
    page = rendered(full() | {"criteria": [criterion("a", outcome="<fine>")]})

    assert "1 inconclusive" in page
    assert "1 met" not in page


def test_hint_resume_and_procedure_are_shown() -> None:
    """Of a failure one reads the way out, the line of the procedure and the evidence."""
    row = criterion("", hint="run this", procedure="the line", evidence={"key": {"deep": [1]}})

    page = html.unescape(rendered(full() | {"criteria": [row], "resume": "go on"}))

    assert "<code><span>run</span> <span>this</span></code>" in page
    assert "<code><span>go</span> <span>on</span></code>" in page
    assert "the line" in page
    assert '{"deep": [1]}' in page


def test_demonstration_is_unmistakable() -> None:
    """Only a run on the sandbox has the ribbon."""
    ribbon = "DEMONSTRATION on the sandbox: not your system"
    real = full() | {"target": {"name": "production", "demonstration": False}}

    assert ribbon in rendered(full())
    assert ribbon not in rendered(real)


def test_lateness_is_said() -> None:
    """A run beyond its objective says by how much, and its phase beyond its budget too."""
    phase = {"name": "files", "budget": 60.0, "seconds": 90.0, "begin": 0.0, "state": "done"}

    page = rendered(full() | {"elapsed": 970.0, "margin": -70.0, "phases": [phase]})

    assert "1m10s too late" in page
    assert "over budget" in page
    assert "150 %" in page


def test_a_late_recovery_is_not_green() -> None:
    """The system is back, and the objective was missed: the banner says both."""
    banner = 'class="banner {}"'
    late = full() | {"verdict": "RECOVERED", "elapsed": 970.0, "margin": -70.0}

    assert banner.format("doubt") in rendered(late)
    assert banner.format("good") in rendered(late | {"elapsed": 41.0, "margin": 859.0})


def test_every_outcome_has_its_colour() -> None:
    """Page, criteria and style sheet know the same outcomes, and none looks like another's."""
    css = STYLE.read_text("utf-8")

    assert tuple(quantities.OUTCOMES) == OUTCOMES
    for tone in quantities.OUTCOMES.values():
        assert tone == "idle" or f".badge.{tone} " in css
    page = rendered(full() | {"criteria": [criterion("a", outcome=each) for each in OUTCOMES]})
    assert all(f"1 {each}" in page for each in OUTCOMES)


def test_users_are_seen_from_somewhere() -> None:
    """The chart says who asked, and why there was no answer."""
    page = html.unescape(
        rendered(full() | {"users_asked_from": "ssh://shop1", "users_problem": "refused"})
    )

    assert "as seen from ssh://shop1" in page
    assert "<code>refused</code>" in page


def test_readiness_run_has_no_big_numbers() -> None:
    """A run that measured no minutes, outage or maintenance does not show three dashes."""
    nothing = dict.fromkeys(("elapsed", "outage_seconds", "maintenance_seconds"))

    assert 'class="tiles"' in rendered(full())
    assert 'class="tiles"' not in rendered(full() | nothing)


def test_users_are_told_in_words() -> None:
    """The chart has a text that says from when to when users got what."""
    rows = [
        {"second": n, "up": 0 if 2 <= n < 5 else 9, "maintenance": 0, "error": 9 if n == 3 else 0}
        for n in range(8)
    ]
    rows[2]["maintenance"] = rows[4]["maintenance"] = 9

    page = re.sub(r"<[^>]+>|\s+", " ", rendered(full() | {"users": rows}))
    said = re.findall(r"(0m\d\ds) to (0m\d\ds): +(\w+)", page)

    assert said == [
        ("0m00s", "0m02s", "up"),
        ("0m02s", "0m03s", "maintenance"),
        ("0m03s", "0m04s", "error"),
        ("0m04s", "0m05s", "maintenance"),
        ("0m05s", "0m08s", "up"),
    ]


def test_long_runs_do_not_make_long_charts() -> None:
    """An hour of seconds is drawn in at most 450 pieces, none beyond the chart."""
    rows = [{"second": n, "up": n % 7, "maintenance": n % 3, "error": n % 2} for n in range(3600)]

    page = rendered(full() | {"users": rows})
    drawn = re.findall(
        r'<rect class="(?:up|maintenance|error)" x="([\d.]+)%" width="([\d.]+)%"', page
    )

    assert 0 < len(drawn) <= 450
    assert all(float(x) + float(width) <= 100.01 for x, width in drawn)


def test_policy_allows_the_style_sheet_and_nothing_else() -> None:
    """The page's policy names its style by hash; there is no script, image or address in it."""
    page = document("x", [rendered(full())])

    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert html.unescape(policy[1]).startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert not re.search(r"\b(src|href)=\"(?!#)|url\((?!#)|@import", page)


def test_title_is_text() -> None:
    """The tab's title says the verdict and holds no element."""
    page = document(title(salvaged(full("</title><b>")), unchanged), [])

    assert "<title>NOT RECOVERED · &lt;/title&gt;" in page


def test_record_survives_json() -> None:
    """The page of a record and of what report.json holds of it are the same."""
    data = full("größe \u202e \udcff")
    kept = json.loads(json.dumps(dump(salvaged(data))))

    assert rendered(kept) == rendered(data)
    assert holds(kept, data)


def holds(whole: Any, part: Any) -> bool:  # noqa: ANN401 - any JSON
    """Tell whether JSON data says everything that another one does; null says nothing."""
    if isinstance(part, dict):
        return all(holds(whole.get(key), value) for key, value in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(holds, whole, part))
    return part is None or whole == part


def test_templates_and_style_are_packaged() -> None:
    """Everything the page is made of is named in the package's data."""
    root = Path(__file__).resolve().parents[3]
    project = tomllib.loads((root / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["pytest_rollback"]
    package = root / "plugins" / "pytest_rollback"
    named = {path for pattern in patterns for path in package.glob(pattern)}

    assert set((package / "report/html/templates").iterdir()) <= named
