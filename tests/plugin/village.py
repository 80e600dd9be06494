"""The shipped sandbox as a test's target: up once, put back after each test."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from pytest_rollback.errors import PARTIAL
from pytest_rollback.extras.sandbox.local import pristine
from pytest_rollback.extras.sandbox.local.sandbox import Embedded
from pytest_rollback.manifest.release import BACKUPS
from tests.plugin.operator import REPOSITORY, Operator

PATIENCE = 5
"""Times that a baseline is tried."""


class Village(Operator):
    """A sandbox that is up and deployed, with its own manifest, which tests may alter."""

    def __init__(self, strategy: str = BACKUPS) -> None:
        self.embedded = Embedded(REPOSITORY / "fixtures/village", strategy).up()
        self.embedded.deploy()
        home = Path(tempfile.mkdtemp(prefix="village-"))
        super().__init__(home, home / "rollback.toml")
        self.calm = threading.Event()
        self.root = self.embedded.site.layout.root
        self.state = self.embedded.site.layout.state
        self.original = self.embedded.manifest_path.read_text()
        self.describe()
        for _ in range(PATIENCE):  # a host with much to do makes latencies inconclusive
            code, printed = self.pytest("suites/readiness", "-k", "baseline")
            if code == PARTIAL:
                break
        assert code == PARTIAL, printed
        pristine.take(self.embedded.site)

    def document(self) -> dict[str, Any]:
        """Return the village's description; units settle fast, so that many drills can be run."""
        document = tomllib.loads(self.original)
        for component in document["components"]:
            component["settle"] = "500ms"
        return document

    def describe(self, **more: object) -> None:
        """Write rollback.toml, with other tables where some are given."""
        self.manifest.write_text(tomli_w.dumps({**self.document(), **more}))

    def arm(self, *words: str) -> tuple[int, str]:
        """Run suites, armed."""
        return self.pytest(*words, "--arm=sandbox")

    def reset(self) -> None:
        """Bring back what was healthy after the deploy."""
        self.calm.set()
        subprocess.run(
            ["chattr", "-R", "-ia", self.embedded.directory], capture_output=True, check=False
        )
        self.embedded.reset()
        self.describe()

    def down(self) -> None:
        """End it."""
        self.embedded.down()
