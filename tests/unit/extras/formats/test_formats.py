"""What a run says to other machines: every number with its labels, Nagios' four states."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.extras.formats import github, hooks
from pytest_rollback.extras.formats.files import as_json, write
from pytest_rollback.extras.formats.nagios import nagios, state, unknown
from pytest_rollback.extras.formats.option import OutputFormat, wanted
from pytest_rollback.extras.formats.prometheus import prometheus
from pytest_rollback.run.run_record import salvaged

DATA: dict[str, Any] = {
    "run": "r1",
    "verdict": "RECOVERED",
    "sentence": "RECOVERED in 0m41s of 15m00s (corner)",
    "reasons": [],
    "system": "shop",
    "target": {"name": 'cor"ner'},
    "started": "2026-11-24T12:00:00+00:00",
    "finished": "2026-11-24T12:01:00+00:00",
    "rto": 900.0,
    "elapsed": 41.25,
    "margin": 858.75,
    "outage_seconds": 3.2,
    "maintenance_seconds": None,
    "criteria": [
        {"id": "drill.units.stopped", "component": None, "outcome": "met"},
        {"id": "validate.health.answers", "component": "web", "outcome": "not met"},
    ],
    "phases": [
        {"name": "isolate", "seconds": 2.5, "budget": 180.0},
        {"name": "validate", "seconds": None, "budget": 120.0},
    ],
    "latency": [
        {"component": "web", "probe": "web", "p50": 1.5, "p95": 2.0, "max": None, "limit_ms": 100.0}
    ],
}
RECORD = salvaged(DATA)
LINE = re.compile(r'rollback_[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? -?[\d.e+]+')


def test_options_name_formats() -> None:
    """With a path where there is a file, without one where a line is printed."""
    assert wanted("json:a.json,prometheus:/b/c.prom,nagios") == (
        OutputFormat("json", Path("a.json")),
        OutputFormat("prometheus", Path("/b/c.prom")),
        OutputFormat("nagios"),
    )
    assert hooks.pytest_rollback_quiet({hooks.OPTION: "json:a,nagios"})
    assert not hooks.pytest_rollback_quiet({hooks.OPTION: None})


@pytest.mark.parametrize(
    "text", ["", "xml:a", "json", "json:", "nagios:a", "prometheus", "nagios,"]
)
def test_what_is_no_format_is_refused(text: str) -> None:
    """One line, with an example."""
    with pytest.raises(UsageError, match="--rollback-format: found") as caught:
        wanted(text)

    assert "HINT: for example --rollback-format=json:PATH" in str(caught.value)


def test_prometheus_reads_every_line() -> None:
    """Gauges in seconds, described once, labels escaped, nothing that was not measured."""
    text = prometheus(RECORD, 0)
    lines = text.splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]

    assert all(LINE.fullmatch(line) for line in samples), samples
    assert len(names) == len(set(names))
    assert {re.split(r"[{ ]", line)[0] for line in samples} == set(names)
    assert 'rollback_elapsed_seconds{system="shop",target="cor\\"ner"} 41.25' in lines
    assert 'rollback_phase_seconds{system="shop",target="cor\\"ner",phase="isolate"} 2.5' in lines
    assert any(line.endswith('probe="web",quantile="0.95"} 0.002') for line in lines)
    assert any(line.endswith('outcome="not met"} 1') for line in lines)
    assert "maintenance" not in text
    assert 'phase_seconds{system="shop",target="cor\\"ner",phase="validate"}' not in text


STATES: list[tuple[dict[str, Any], int, int]] = [
    ({"criteria": []}, 0, 0),
    ({"criteria": [{"id": "a", "component": None, "outcome": "advisory"}]}, 0, 1),
    ({}, 11, 1),
    ({"verdict": "FIX IN PLACE"}, 1, 1),
    ({"verdict": "ISOLATE p2p FIRST"}, 1, 1),
    ({"verdict": "ROLL BACK NOW"}, 1, 2),
    ({"verdict": "NOT READY"}, 1, 2),
    ({"verdict": "NOT STEADY"}, 1, 2),
    ({}, 8, 2),
    *(({"verdict": "INCONCLUSIVE"}, code, 3) for code in (2, 4, 7, 10, 12, 13)),
]


@pytest.mark.parametrize(("more", "code", "expected"), STATES)
def test_nagios_has_four_states(more: dict[str, Any], code: int, expected: int) -> None:
    """0 OK, 1 late or mild, 2 red, 3 could not run; the line begins with its name."""
    record = salvaged({**DATA, **more})

    assert state(record, code) == expected
    assert nagios(record, code).startswith(
        f"ROLLBACK {('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')[expected]} - "
    )


def test_the_line_of_nagios_is_one_line() -> None:
    """The verdict, the first reason, and numbers behind the one bar."""
    line = nagios(replace(RECORD, reasons=("web: a | b\nc", "till")), 1)

    assert line == (
        "ROLLBACK CRITICAL - RECOVERED in 0m41s of 15m00s (corner); web: a / b c | "
        "elapsed=41.25s;900;900;0; outage=3.2s;;;0; not_met=1;;;0;"
    )
    assert unknown("a\nb|c") == "ROLLBACK UNKNOWN - a b/c"


def test_a_file_is_put_in_place_at_once(tmp_path: Path) -> None:
    """With its mode; what cannot be put there leaves nothing behind."""
    path = tmp_path / "a.json"
    write(path, as_json(RECORD, 11), 0o600)
    write(path, as_json(RECORD, 0), 0o600)

    assert json.loads(path.read_text())["exit_code"] == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write(tmp_path / "folder", "text", 0o600)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.json", "folder"]


HOSTILE = {"id": "a.b.c", "component": "x", "outcome": "not met", "message": "1\n::error::2|<b>`%"}


def test_words_of_a_host_are_no_commands_of_github() -> None:
    """Neither a line of their own in the log, nor markup on the page; percent signs come back."""
    record = salvaged({**DATA, "criteria": [HOSTILE]})
    found = list(github.lines(record, 1))

    assert found[0] == github.listening() == f"::{github.token()}::"
    assert found[1] == "::error title=rollback::RECOVERED in 0m41s of 15m00s (corner)"
    assert found[2] == "::error title=a.b.c [x]::1%0A::error::2|<b>`%25"
    assert "| not met | `a.b.c [x]` | `1 ::error::2/<b>'%` |  |" in github.summary(record)


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With the variable that names it."""
    assert "HINT: correct GITHUB_STEP_SUMMARY" in github.add(tmp_path, RECORD)
    assert github.add(tmp_path / "page", RECORD) == ""


def test_github_is_told_of_a_session_that_could_not_begin() -> None:
    """Nagios reads one line, so that both cannot be asked for."""
    found = hooks.pytest_rollback_refused({hooks.OPTION: "github"}, "no\nmanifest")
    assert found is not None
    assert found.line.endswith("::error title=rollback::no%0Amanifest")
    with pytest.raises(UsageError, match="one line, and github several"):
        wanted("github,nagios")
