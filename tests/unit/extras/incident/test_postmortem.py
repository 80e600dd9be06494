"""The review of a run and the page of all runs: what they say, whatever a record holds."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import fields
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from pytest_rollback.evidence.afterwards import UNDONE
from pytest_rollback.evidence.events import ItemTicked, RunBegan, RunFinished, RunUndone
from pytest_rollback.evidence.seal import seals
from pytest_rollback.extras.incident import amend, postmortem
from pytest_rollback.report import all_runs
from pytest_rollback.run.run_record import ManifestRecord
from tests.unit.support.run_facts import NOON, event, outcome
from tests.unit.support.run_folder import call, left, story, written

HOSTILE = "<script>alert(1)</script> | `x` [a](javascript:b)\n# head \x1b[31m {what} {0}"


def test_the_draft_tells_the_story(tmp_path: Path) -> None:
    """Times, phases, what failed, who did what, what is open, and what is left to fill in."""
    bad = outcome("validate.logs.clean", "not met", component="web", findings=("a line",))
    folder = left(tmp_path, outcomes=[bad], verdict="NOT RECOVERED", incident="INC-7")
    amend.amend(folder, ItemTicked("estimate-user-impact", "ann", "30 %"))
    text = postmortem.draft(folder)

    for said in (
        "# Postmortem: NOT RECOVERED",
        "| incident | INC-7 |",
        "**decision to roll back**",
        "| 0m04s | stop web (2 s) |",
        "| isolate | 0m03s | 3m00s | 2 | done |",
        "- **validate.logs.clean** (web), not met",
        "  - a line",
        "ann ticked estimate-user-impact 30 %",
        "- [ ] Follow-up: Root cause analysis completed",
        "## Root cause",
        "## Hardening",
    ):
        assert said in text, said
    assert "- [x] Pre-rollback: Estimate user impact (late)" in text


def test_what_a_host_says_means_nothing_in_the_draft(tmp_path: Path) -> None:
    """No tag, no link, no heading, no table of its own."""
    bad = outcome("validate.logs.clean", "not met", message=HOSTILE, findings=(HOSTILE,))
    events = [*story(), event(HOSTILE, 61.0, at="nonsense")]
    folder = left(tmp_path, outcomes=[bad], events=events, incident=HOSTILE)
    text = postmortem.draft(folder)

    assert not re.search(r"(?<!\\)<script", text)
    assert not re.search(r"(?<!\\)\]\(javascript", text)
    assert "\n# head" not in text
    assert "\x1b" not in text
    assert all(line.startswith("|") for line in text.splitlines() if line.count(" | ") > 1)


def test_the_script_prints_writes_and_overwrites_nothing(tmp_path: Path) -> None:
    """What somebody has filled in stays."""
    folder = left(tmp_path)
    where = ("--reports", str(tmp_path))

    assert call("report postmortem", *where) == (0, postmortem.draft(folder))
    assert call("report postmortem", "--write", *where)[0] == 0
    target = tmp_path / f"{folder.name}-postmortem.md"
    target.write_text("mine")
    code, printed = call("report postmortem", "--write", *where)
    assert (code, "HINT: " in printed, target.read_text()) == (4, True, "mine")
    head = seals(folder)[0].hash
    assert call("report verify", str(folder), "--head", head)[0] == 0


@pytest.mark.parametrize("words", [["nope"], ["--to"], ["a", "b"], ["--write", "--to", "x"]])
def test_bad_input_gives_one_line_and_a_hint(tmp_path: Path, words: list[str]) -> None:
    """Exit code 4, never a traceback."""
    left(tmp_path)
    code, printed = call("report postmortem", "--reports", str(tmp_path), *words)

    assert (code, "HINT: " in printed, "Traceback" in printed) == (4, True, False), printed


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"criteria": 7}', '{"sentence": 1}'])
def test_a_damaged_record_is_said(tmp_path: Path, record: str) -> None:
    """Whatever is in that file."""
    folder = left(tmp_path)
    (folder / "report.json").write_text(record)
    code, printed = call("report postmortem", "--reports", str(tmp_path))

    assert (code, "HINT: " in printed, "Traceback" in printed) == (4, True, False), printed


def test_a_killed_run_is_to_be_rebuilt_first(tmp_path: Path) -> None:
    """It has no record."""
    written(tmp_path / "20261124-120000-dead", story())
    code, printed = call("report postmortem", "--reports", str(tmp_path))

    assert (code, "rollback report rebuild " in printed) == (4, True)


DRILL = [outcome("drill.units.stopped")]


def page(home: Path, days: float = 1.0) -> str:
    """Return the page of all runs so many days after noon."""
    return all_runs.write(home, NOON + dt.timedelta(days=days)).read_text()


def drills(text: str) -> list[str]:
    """Return the states of the drills on a page."""
    section = text.partition('id="drills"')[2].partition("</section>")[0]
    return re.findall(r'<span class="badge \w+">.*?<span>(.*?)</span>', section, re.DOTALL)


def test_every_run_is_listed_with_links_that_lead_somewhere(tmp_path: Path) -> None:
    """Finished, killed, damaged; the latest first, and no script."""
    first = left(tmp_path, "20261124-120000-aaaa", outcomes=DRILL, incident="INC-7")
    written(tmp_path / "20261124-130000-bbbb", story(target="corner"))
    third = left(tmp_path, "20261124-140000-cccc")
    (third / "report.json").write_text("{")
    fourth = [RunBegan(target="corner"), RunFinished(UNDONE)]
    written(tmp_path / "20261124-150000-dddd", fourth)
    amend.amend(first, RunUndone("ann"))
    text = page(tmp_path)

    order = [text.index(f'<span class="id">{name}') for name in (third.name, first.name)]
    assert order == sorted(order)
    assert text.count("NOT FINISHED") == 2
    assert text.count("UNDONE") == 1
    assert '<span class="quiet">undone</span>' in text
    links = re.findall(r'href="([^"#]+)"', text)
    assert links
    assert all((tmp_path / link).is_file() for link in links)
    assert ("<script" in text, "default-src 'none'" in text) == (False, True)


@pytest.mark.parametrize(
    ("days", "outcomes", "verdict", "state"),
    [
        (1, DRILL, "RECOVERED", "in time"),
        (91, DRILL, "RECOVERED", "overdue by "),
        (1, DRILL, "NOT RECOVERED", "never succeeded"),
        (1, [outcome("readiness.x.y")], "READY", "never succeeded"),
    ],
)
def test_a_drill_is_owed(
    tmp_path: Path, days: int, outcomes: list[Any], verdict: str, state: str
) -> None:
    """By its age, by its end, or because there was none."""
    left(tmp_path, outcomes=outcomes, verdict=verdict)
    (found,) = drills(page(tmp_path, days))

    assert found.startswith(state)


def test_a_system_that_is_described_otherwise_is_told(tmp_path: Path) -> None:
    """The last success proves something about another description."""
    left(tmp_path, "20261124-120000-aaaa", outcomes=DRILL, manifest=ManifestRecord(sha256="a" * 64))
    left(
        tmp_path,
        "20261124-130000-bbbb",
        verdict="NOT READY",
        manifest=ManifestRecord(sha256="b" * 64),
    )

    assert drills(page(tmp_path)) == ["rollback.toml was changed after the drill"]


def test_times_become_a_chart(tmp_path: Path) -> None:
    """Two rollbacks or more of one target; one alone is no trend."""
    left(tmp_path, "20261124-120000-aaaa", outcomes=DRILL)
    assert "Times to recovery" not in page(tmp_path)
    left(tmp_path, "20261124-130000-bbbb", outcomes=DRILL, verdict="NOT RECOVERED")

    text = page(tmp_path)
    assert "Times to recovery of shop on corner" in text
    assert text.count('<rect class="bar ') == 2


def test_a_hostile_record_is_escaped(tmp_path: Path) -> None:
    """Names from anywhere mean nothing on the page."""
    folder = left(tmp_path, incident=HOSTILE)
    record = json.loads((folder / "report.json").read_text())
    record |= {"verdict": HOSTILE, "started": HOSTILE, "elapsed": 1e400, "rto": "x"}
    (folder / "report.json").write_text(json.dumps(record))
    text = page(tmp_path)

    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_each_record_is_read_once_and_a_change_is_seen(tmp_path: Path) -> None:
    """What was kept counts until the record is written again; a damaged cache counts nothing."""
    folder = left(tmp_path, outcomes=DRILL)
    page(tmp_path)
    cache = tmp_path / all_runs.CACHE
    kept = cache.read_text().replace("RECOVERED", "REMEMBERED")
    cache.write_text(kept)
    assert "REMEMBERED" in page(tmp_path)
    amend.amend(folder, ItemTicked("estimate-user-impact", "ann"))
    assert "REMEMBERED" not in page(tmp_path)
    for damage in ("", "[]", '{"a": 1}', '{"20261124-120000-aaaa": {"run": 1}}'):
        cache.write_text(damage)
        assert "RECOVERED" in page(tmp_path)


def test_the_list_of_runs(tmp_path: Path) -> None:
    """It says where the page is; no folder is refused; an empty one is no error."""
    assert call("report list", f"--reports={tmp_path}") == (0, f"{tmp_path / 'index.html'}\n")
    code, printed = call("report list", f"--reports={tmp_path / 'none'}")
    assert (code, "HINT: " in printed) == (4, True)


def test_the_words_of_a_review_name_fields_that_there_are() -> None:
    """A field that was renamed would be left out of every review."""
    for kind, form in postmortem.FORMS.items():
        named = {name for _, name, _, _ in Formatter().parse(form) if name}
        assert named - {"took"} <= {each.name for each in fields(kind)}, kind
