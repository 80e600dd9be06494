"""Three services of a compose project for the conformance suite, under a real podman."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.agent.messages.services.units import ManagerAddress
from tests.containers.engine import PYTHON, Podman

PROJECT = """name: house
services:
  steady: {{image: "{image}", command: ["{python}", "-c", "{sleep}"]}}
  stubborn: {{image: "{image}", command: ["{python}", "-c", "{stubborn}"]}}
  crashing: {{image: "{image}", command: ["{python}", "-c", "raise SystemExit(1)"]}}
"""
SLEEP = "import signal, time; signal.signal(15, lambda *_: exit(0)); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"


class ComposeHouse:
    """A project of its own, on the engine of the tests with containers."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.podman: Podman = request.getfixturevalue("podman")
        home: Path = request.getfixturevalue("tmp_path")
        patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        patch.setenv("PATH", self.podman.path)
        self.file = home / "compose.yaml"
        words = {"sleep": SLEEP, "stubborn": STUBBORN, "python": PYTHON}
        self.file.write_text(PROJECT.format(image="localhost/base:1", **words))
        self.address = ManagerAddress("compose", str(self.file))
        self.gone = ManagerAddress("compose", f"{home}/nowhere.yaml")

    def leave(self) -> None:
        """Nothing: of another file there is no project."""

    def end(self) -> None:
        """Remove the containers."""
        self.podman("rm", "--all", "--force", "--time", "0", fails=True)
