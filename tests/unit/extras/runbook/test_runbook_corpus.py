"""Every page in `tests/corpus/runbooks` is read as it is meant."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.extras.runbook.references import claims
from pytest_rollback.manifest.load import load

REPOSITORY = Path(__file__).parents[4]
PAGES = tomllib.loads((REPOSITORY / "tests/corpus/runbooks/pages.toml").read_text("utf-8"))["page"]


@pytest.mark.parametrize("form", PAGES, ids=[each["writer"] for each in PAGES])
def test_a_page_names_the_commands_that_somebody_types(form: dict[str, Any]) -> None:
    """Each with its line; output, trees, patterns and comments are no commands."""
    found = claims(form["text"], load(REPOSITORY / "rollback.toml").system)
    named = [f"{each.line} {each.name}" for each in found if each.kind == "command"]

    assert sorted(named) == sorted(form["commands"])
