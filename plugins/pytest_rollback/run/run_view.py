"""The view of a run for parts of `extras/`, and the two things that they may add."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from pytest_rollback.evidence.collect import CollectedEvidence
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.manifest.model import System
from pytest_rollback.run.options import RunOptions
from pytest_rollback.text.next_steps import NextSteps


class RunView(Protocol):
    """A run; `run.Run` is one.

    Args:
        identity, system, asked: which run, of which system, asked for by which options.
        demonstration, fleeting: whether it is a sandbox, and one that ends with the session.
        timeline: its events; a listener can be added.
        evidence: what was brought from the host.
        notes: what is told at the end; can be added to.
        kept: what parts keep of the run, by names of their own.
    """

    identity: str
    system: System
    asked: RunOptions
    demonstration: bool
    fleeting: bool
    timeline: Timeline
    evidence: CollectedEvidence | None
    notes: list[str]
    kept: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The run's own folder."""

    @property
    def verdict(self) -> str:
        """The verdict so far."""

    @property
    def elapsed(self) -> float | None:
        """Seconds from the decision to the last criterion; None where nothing was decided."""

    @property
    def next_steps(self) -> NextSteps:
        """How the next commands begin and end."""

    @property
    def resume(self) -> str:
        """The command that resumes the run."""
