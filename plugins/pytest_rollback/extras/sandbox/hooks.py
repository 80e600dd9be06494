"""Hooks of the sandbox: targets that are started for a session, and commands for a lasting one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.errors import UsageError
from pytest_rollback.run.extra_types import Command, ExtraOption, PracticeKind, PracticeTarget
from pytest_rollback.run.hookspecs import hookimpl

if TYPE_CHECKING:
    from types import ModuleType

    from pytest_rollback.manifest.load import Loaded

NEEDS = ("psycopg", "supervisor")
"""Packages that are installed with `pytest-rollback[sandbox]`."""


class SandboxKind:
    """A kind of sandbox, as a target that can be named; its packages are imported on use."""

    def __init__(self, name: str) -> None:
        self.name = name

    def sketch(self, folder: Path) -> Loaded:
        """Return its description without starting anything."""
        found: Loaded = _target().sketch(folder, self.name)
        return found

    def open(self, folder: Path, scenario: str | None) -> PracticeTarget:
        """Return the one that is up, or start one for the session."""
        found: PracticeTarget = _target().Sandbox.open(folder, scenario, self.name)
        return found

    def kept(self) -> Path:
        """Return the rollback.toml of the one that is kept running."""
        found: Path = _target().kept(self.name)
        return found


def _target() -> ModuleType:
    try:
        from pytest_rollback.extras.sandbox import target  # noqa: PLC0415 - needs more packages
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the sandbox needs {error.name}, which is not installed",
            hint="pip install 'pytest-rollback[sandbox]', or use another target",
        ) from error
    return target


@hookimpl
def pytest_rollback_options() -> Sequence[ExtraOption]:
    """Add `--scenario`."""
    return (ExtraOption("--scenario", "in which way the sandbox's release is bad", "NAME"),)


@hookimpl
def pytest_rollback_practice() -> Mapping[str, PracticeKind]:
    """Add both kinds."""
    return {name: SandboxKind(name) for name in ("sandbox", "machine")}


@hookimpl
def pytest_rollback_commands() -> Mapping[str, Command]:
    """Add the commands that keep a sandbox, build its image, and play a story on it."""
    here = "extras.sandbox"
    return {
        "sandbox": Command(f"{here}.command:main", "a small real system to practise on", NEEDS),
        "machine": Command(f"{here}.command:build", "build the image of the machine sandbox"),
        "story": Command(f"{here}.story:main", "run a whole incident on a sandbox"),
    }
