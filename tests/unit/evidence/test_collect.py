"""What a host is asked for after a run: the time of the incident, and never a secret file."""

from __future__ import annotations

import stat
from pathlib import Path

from pytest_rollback.evidence import collect
from pytest_rollback.evidence.events import RunBegan
from tests.unit.support.run_facts import NOON, SYSTEM, event
from tests.unit.support.run_folder import story


def test_backups_of_secret_files_are_secret_as_well() -> None:
    """Beside each of them lies its backup."""
    about = SYSTEM.about.model_copy(update={"secrets": ("config/.env",), "suffix": ".prev"})
    asked = collect.export(SYSTEM.model_copy(update={"about": about}), "r1", story())

    assert asked.request.secrets == ("config/.env", "config/.env.prev")


def test_the_window_begins_before_the_decision_and_ends_after_the_last_event() -> None:
    """Fifteen minutes before, five after; of a run without a decision from its first event on."""
    noon = NOON.timestamp()

    assert collect.window(story()) == (noon + 5 - collect.BEFORE, noon + 60 + collect.AFTER)
    alone = [RunBegan(at=NOON.isoformat())]
    assert collect.window(alone) == (noon - collect.BEFORE, noon + collect.AFTER)


def test_the_run_is_the_one_that_the_host_knows() -> None:
    """One that went on with an earlier run has that one's id."""
    assert collect.run_of(story()) is None
    assert collect.run_of([*story(), event("run", 6.0, run="earlier")]) == "earlier"


def test_a_name_from_the_host_leads_nowhere_else(tmp_path: Path) -> None:
    """It is written below the folder, for nobody else to read."""
    folder = tmp_path / "run"
    collect.put(folder, "host/../../../evil", "text \udcff")

    (written,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written == folder / "host/evil"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
