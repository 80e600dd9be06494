"""What a sandbox writes down about itself, for whoever takes it over or has to clean up."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollback.errors import Unreachable
from rollback.sandbox.layout import PREFIX, Layout
from rollback.sandbox.processes import Identity, alive

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Note:
    """One sandbox: what it is made of, its ports, its manager, and who started it.

    `creator` is None for a sandbox that is meant to outlive the process that started it.
    """

    folder: str
    token: str
    ports: dict[str, int]
    manager: Identity | None = None
    creator: Identity | None = None

    def write(self, layout: Layout) -> None:
        """Keep the note in the sandbox's directory, whole or not at all, private."""
        fresh = layout.note.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(layout.note)

    @classmethod
    def read(cls, layout: Layout) -> Note:
        """Return the note in a directory.

        Raises:
            Unreachable: there is none that can be used, or somebody else wrote it.
        """
        try:
            if layout.note.stat().st_uid != os.geteuid():
                raise Unreachable(
                    f"the sandbox in {layout.directory} is somebody else's",
                    hint="start your own in another place: scripts/sandbox up --dir DIRECTORY",
                )
            found = json.loads(layout.note.read_text(encoding="utf-8"))
            who = {key: Identity(*found[key]) for key in ("manager", "creator") if found[key]}
            return cls(found["folder"], found["token"], found["ports"], **who)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Unreachable(
                f"there is no sandbox in {layout.directory}", hint="scripts/sandbox up"
            ) from error


def abandoned(prefix: str = PREFIX) -> Iterator[Path]:
    """Yield the temporary sandboxes of ours whose creators ended without taking them down."""
    for path in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        layout = Layout(path)
        try:
            creator = Note.read(layout).creator
        except Unreachable:
            continue
        if creator and not alive(creator):
            yield path
