"""What a sandbox has to offer so that a release is deployed on it and a scenario applied to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.extras.sandbox.common.history import History
from pytest_rollback.extras.sandbox.common.layout import Layout
from pytest_rollback.extras.sandbox.common.recipe import Recipe
from pytest_rollback.extras.sandbox.common.release import Placeholders
from pytest_rollback.manifest.model import System

COMPILE = (
    "import py_compile, sys; py_compile.compile("
    "sys.argv[1], doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
)
"""Python code that compiles its first argument into bytecode which is never compared with it."""


class Site(Protocol):
    """One running sandbox: `local` has its parts in processes here, `machine` in a container.

    `layout.root` is the system's root, or a copy of it on this side that `fetch` renews.
    """

    @property
    def flag(self) -> str:
        """What `rollback sandbox` needs after a command to mean this kind: "" or " --machine"."""
        ...

    @property
    def layout(self) -> Layout:
        """Where its files are on this side."""
        ...

    @property
    def recipe(self) -> Recipe:
        """What it is made of."""
        ...

    @property
    def system(self) -> System:
        """What its own rollback.toml describes."""
        ...

    @property
    def history(self) -> History:
        """The release history below `layout.root`."""
        ...

    @property
    def filling(self) -> Placeholders:
        """How the files of a release are filled."""
        ...

    def fetch(self) -> None:
        """Make `layout.root` equal to what lies at the system's root now."""

    def release(self) -> str:
        """Return the name of the release that is deployed; "" where there is none."""
        ...

    def put(self, folder: Path, names: Iterable[str]) -> None:
        """Copy files of a folder to the same names below the system's root."""

    def put_history(self) -> None:
        """Copy the release history from `layout.root` to the system's root."""

    def dump(self) -> None:
        """Write the database dump that rollback.toml names, where it names one."""

    def save(self, request: SaveRequest) -> None:
        """Save the backup set; raises Refused where it cannot be saved."""

    def compile(self, source: str) -> None:
        """Write bytecode of a source below the root that Python uses without a comparison."""

    def run(self, script: str, data: bytes) -> None:
        """Run Python code on the host, with bytes on its standard input."""

    def install_units(self) -> None:
        """Copy the release's unit files to where the service manager reads them."""

    def stop(self) -> None:
        """Stop every unit."""

    def start(self) -> None:
        """Take over changed unit files and ask for the start of every unit; do not wait."""

    def start_healthy(self) -> None:
        """Do the same and wait until every component is healthy; raises Unfinished."""

    def settled(self) -> dict[str, str]:
        """Wait until each unit answers or has failed to; return the units' states by unit."""
        ...
