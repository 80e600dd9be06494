"""Messages about a whole fleet: they begin with its decision and end with its verdict.

They are those of a rollback, sent by the same part, which takes this for a run; hosts send none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_rollback.errors import RTO_MISSED
from pytest_rollback.evidence.collect import CollectedEvidence
from pytest_rollback.evidence.events import RunBegan, RunFinished
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.extras.fleet.record import FleetRecord
from pytest_rollback.manifest.model import System
from pytest_rollback.run.extras import outside
from pytest_rollback.run.options import RunOptions
from pytest_rollback.text.next_steps import NextSteps, next_steps


class FleetMessenger:
    """A run over a fleet, as whoever sends messages sees a run.

    Args:
        system: the fleet.
        record: of the run; its verdict is told.
        folder: of the run. A timeline there has who was called, and who has taken over.
        manifest: the rollback.toml of the fleet.
        incident: as typed.
    """

    demonstration = fleeting = False
    evidence: CollectedEvidence | None = None

    def __init__(
        self, system: System, record: FleetRecord, folder: Path, manifest: Path, incident: str
    ) -> None:
        self.system, self.record, self._folder = system, record, folder
        self.identity, self.asked = record.run, RunOptions(incident=incident or None)
        self.timeline = Timeline(folder)
        self.notes: list[str] = []
        self.kept: dict[str, Any] = {}
        self._manifest, self._begun = manifest, False

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self._folder

    @property
    def verdict(self) -> str:
        """The verdict: as that of a run where it is good, else how many hosts ended how."""
        return self.record.good if self.record.code in {0, RTO_MISSED} else self.record.sentence

    @property
    def elapsed(self) -> float | None:
        """Seconds since the decision."""
        return self.timeline.elapsed

    @property
    def next_steps(self) -> NextSteps:
        """How the next commands begin and end."""
        return next_steps((f"--target={self._manifest}",))

    @property
    def resume(self) -> str:
        """The command that goes on."""
        return self.record.command

    def begin(self) -> None:
        """Have the start told, and whoever is responsible called from now on."""
        record, asked = self.record, self.asked
        began = RunBegan(record.run, record.operator, record.target, incident=asked.incident)
        about = replace(began, manifest=str(self._manifest), resume=record.command)
        self.timeline.note(about)
        outside().decided(self)
        self.timeline.decide()
        self._begun = True

    def end(self) -> list[str]:
        """Have the verdict told; return what was not accepted, a line each."""
        if not self._begun:
            return []
        outside().ended(self)
        self.timeline.note(RunFinished(self.verdict))
        self.timeline.close()
        return [*self.notes, *outside().problems]
