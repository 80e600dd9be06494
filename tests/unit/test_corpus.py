"""Every form in `tests/corpus` of logs is read as it is meant."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.observe.logs import timestamps
from pytest_rollback.agent.observe.logs.findings import ErrorRules, counted
from pytest_rollback.agent.observe.logs.reading import read
from pytest_rollback.manifest.thresholds import Logs

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parents[1] / "corpus"
RULES = ErrorRules(re.compile(Logs().errors), ())


def forms(path: str, key: str) -> list[Any]:
    """Return the forms of a file, with the writer of each as its name."""
    found = tomllib.loads((CORPUS / path).read_text("utf-8"))[key]
    return [pytest.param(each, id=each["writer"]) for each in found]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The host's zone is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    timestamps.dated.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    timestamps.dated.cache_clear()


@pytest.mark.parametrize("form", forms("logs/lines.toml", "line"))
def test_a_line_has_its_time_and_is_an_error_or_none(form: dict[str, Any]) -> None:
    """As its writer means it."""
    line = read(form["text"])
    errors = counted([line], RULES, set()).findings
    when = "" if line.when is None else time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(line.when))

    assert bool(errors) == form["error"], line
    assert when.endswith(form["time"]) if "time" in form else not when, line


@pytest.mark.parametrize("form", forms("logs/texts.toml", "text"))
def test_what_belongs_together_counts_once(form: dict[str, Any]) -> None:
    """A traceback, a panic, an entry of two lines."""
    lines = [read(line) for line in form["text"].split("\n") if line.strip()]

    assert len(counted(lines, RULES, set()).findings) == form["errors"]
