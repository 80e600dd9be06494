"""What a session of criteria keeps in pytest's stash, and which criterion a test is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_rollback.checks.edge import Prober
    from pytest_rollback.criteria import Criterion
    from pytest_rollback.plugin.html_report import Seal
    from pytest_rollback.recovery.gate import Gate
    from pytest_rollback.run.extra_types import PracticeTarget
    from pytest_rollback.run.run import Run

RUN: pytest.StashKey[Run] = pytest.StashKey()
PRACTICE: pytest.StashKey[PracticeTarget] = pytest.StashKey()
GATE: pytest.StashKey[Gate] = pytest.StashKey()
PROBER: pytest.StashKey[Prober] = pytest.StashKey()
SEAL: pytest.StashKey[Seal] = pytest.StashKey()
EXIT_CODE: pytest.StashKey[int] = pytest.StashKey()
"""The exit code of the session."""
UNREAD: pytest.StashKey[OSError] = pytest.StashKey()
"""Why standard output takes nothing any more."""


def criterion_of(item: pytest.Item) -> Criterion | None:
    """Return what a test stands for; None for a test that is no criterion."""
    return getattr(getattr(item, "obj", None), "criterion", None)
