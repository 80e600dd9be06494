"""A deployed sandbox that something can happen to while it is rolled back, of either kind."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

from pytest_rollback.extras.sandbox.local.sandbox import Embedded
from pytest_rollback.extras.sandbox.machine.podman import podman
from pytest_rollback.extras.sandbox.machine.sandbox import Machine
from tests.plugin.operator import Operator

BOTH = ("suites/drill", "suites/validate")


class Target(Operator):
    """What both kinds have. `name` arms a run; `edge` is the URL that its users ask, from here."""

    name: str
    edge: str

    @property
    def document(self) -> dict[str, Any]:
        """Return its description, as it is now."""
        return tomllib.loads(self.manifest.read_text())

    @property
    def core(self) -> str:
        """Return a directory of its release in which files are restored."""
        return f"{self.document['system']['root']}/core"

    @property
    def state(self) -> str:
        """Return where its record, its runs and their evidence lie."""
        return str(self.document["system"]["state"])

    def drill(self, *suites: str) -> tuple[int, str]:
        """Roll it back, armed, and validate; or run the given suites."""
        return self.pytest(*(suites or BOTH), f"--arm={self.name}")

    def run(self, *argv: str) -> str:
        """Run a command where it is, as root."""
        raise NotImplementedError

    def mount(self, script: str) -> None:
        """Run a script that mounts something there, which its own root may not."""
        raise NotImplementedError

    def given_up(self, unit: str) -> bool:
        """Tell whether the service manager starts a unit no more."""
        raise NotImplementedError


class Whole(Target):
    """A host of its own: the machine."""

    name = "machine"

    def __init__(self, home: Path, manifest: Path, machine: Machine) -> None:
        super().__init__(home, manifest)
        self.machine, self.edge = machine, machine.inside.edge

    def run(self, *argv: str) -> str:
        """Run a command in it, as root."""
        return self.machine.inside.container.run(*argv).strip()

    def mount(self, script: str) -> None:
        """Run a script among its mounts with the rights of this machine's root."""
        name = self.machine.inside.container.name
        found = podman("container", "inspect", "--format", "{{.State.Pid}}", name).decode().strip()
        subprocess.run(["nsenter", "-t", found, "-m", "-p", "sh", "-c", script], check=True)

    def given_up(self, unit: str) -> bool:
        """Tell whether systemd has reached its limit of starts."""
        return self.run("systemctl", "show", "--property=SubState", "--value", unit) == "failed"


class Processes(Target):
    """Processes of this machine: the embedded sandbox."""

    name = "sandbox"

    def __init__(self, home: Path, manifest: Path, embedded: Embedded) -> None:
        super().__init__(home, manifest)
        self.embedded, self.edge = embedded, embedded.site.edge

    def run(self, *argv: str) -> str:
        """Run a command here."""
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def mount(self, script: str) -> None:
        """Run a script here."""
        subprocess.run(["sh", "-c", script], check=True)

    def given_up(self, unit: str) -> bool:
        """Tell whether supervisord has used up its tries."""
        return self.embedded.site.manager.states()[unit].name == "FATAL"

    def unmount(self) -> None:
        """Take away what was mounted below its directory."""
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in mounts:
            if Path(place).is_relative_to(self.embedded.directory):
                subprocess.run(["umount", "--lazy", place], check=True)
