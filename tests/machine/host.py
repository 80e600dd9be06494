"""A machine as a test's target: up once, with a baseline, put back after each test."""

from __future__ import annotations

import datetime as dt
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from pytest_rollback.extras.sandbox.machine.sandbox import Machine
from pytest_rollback.manifest.release import BACKUPS
from tests.machine.targets import Whole
from tests.plugin.operator import REPOSITORY

FOLDER = REPOSITORY / "fixtures/village"
BUSY = [
    {
        "criterion": criterion,
        "owner": "tests",
        "reason": "others are busy on this machine at one time, and not at another",
        "until": dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1),
    }
    for criterion in (
        "readiness.baseline.stored",
        "validate.latency.within_baseline",
        "validate.latency.within_limit",
    )
]


class Host(Whole):
    """A machine that is up and deployed; `ready` is what readiness said of it, and printed."""

    def __init__(self, strategy: str = BACKUPS) -> None:
        machine = Machine(FOLDER, strategy=strategy).up()
        machine.deploy()
        home = Path(tempfile.mkdtemp(prefix="machine-"))
        super().__init__(home, home / "rollback.toml", machine)
        self.original = self.machine.manifest_path.read_text()
        self.describe()
        self.ready = self.pytest("suites/readiness")
        self.proof = self.record()
        self.machine.keep()

    def describe(self, **more: Any) -> None:  # noqa: ANN401 - any table
        """Write rollback.toml; units settle fast, so that many drills can be run."""
        document = tomllib.loads(self.original)
        for component in document["components"]:
            component["settle"] = "500ms"
        document["waivers"] = BUSY
        self.manifest.write_text(tomli_w.dumps({**document, **more}))

    def ssh(self, config: Path) -> subprocess.CompletedProcess[str]:
        """Come in as an operator does by hand, with a configuration of ssh; say who one is."""
        command = ["ssh", "-F", str(config), "-o", "BatchMode=yes", "machine", "id", "-un"]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def reset(self) -> None:
        """Bring back what was healthy after the deploy."""
        self.machine.reset()
        self.describe()
