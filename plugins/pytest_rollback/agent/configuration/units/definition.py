"""What the files of a unit say: which program, as whom, where, in which environment."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

KINDS = (".service", ".socket", ".target", ".timer", ".path", ".mount", ".slice", ".scope")
"""Endings of unit files of systemd."""

CONTAINER = "container"
"""The log of a unit whose container engine keeps what it writes."""


class TriedTree(NamedTuple):
    """Where the tree lies: as units name it, and where it is read instead.

    With `whole` paths keep their whole name below the root: the tree lies in several places.
    """

    names: Tuple[str, ...]
    root: str
    whole: bool = False

    def real(self, path: str) -> str:
        """Return where a path is read: one below the root in the tree that is tried."""
        for name in self.names:
            if path == name or path.startswith(f"{name}/"):
                return self.root + (path if self.whole else path[len(name) :])
        return path


class EnvironmentFile(NamedTuple):
    """A file with environment variables: absolute, or relative to the working directory.

    `optional` files may be missing. `reader` is who reads it: systemd, or a shell.
    """

    path: str
    optional: bool = False
    reader: str = "systemd"


class UnitCommand(NamedTuple):
    """A program that the manager runs: the key that names it, its argv, whether it may fail.

    `privileged` is one that does not run as the unit's user, or not with that user's rights alone.
    """

    key: str
    argv: Tuple[str, ...]
    optional: bool = False
    privileged: bool = False


class UnitDefinition(NamedTuple):
    """What the files of a unit say, specifiers and expansions resolved.

    `files` are the files that were read, absolute, in order. `user` and `group` are "" where none
    is named, `directory` as well. `home` stands for `WorkingDirectory=~`. `log` is "journal",
    "container" (what the engine keeps of it), the absolute path of a file, or "" where it is none;
    `error_log` is the file of standard error, "" where that goes the same way. `gaps` name what the
    files cannot tell, `faults` why the manager refuses the unit, `warnings` what it ignores; none
    of them has values.
    """

    unit: str
    files: Tuple[str, ...] = ()
    commands: Tuple[UnitCommand, ...] = ()
    user: str = ""
    group: str = ""
    groups: Tuple[str, ...] = ()
    directory: str = ""
    directory_optional: bool = False
    home: bool = False
    environment: Dict[str, str] = {}  # noqa: RUF012 - never changed: see _replace
    environment_files: Tuple[EnvironmentFile, ...] = ()
    passed: Tuple[str, ...] = ()
    unset: Tuple[str, ...] = ()
    log: str = "journal"
    error_log: str = ""
    kind: str = "simple"
    gaps: Tuple[str, ...] = ()
    faults: Tuple[str, ...] = ()
    warnings: Tuple[str, ...] = ()

    @property
    def main(self) -> Optional[UnitCommand]:
        """The command that is the service."""
        named = [each for each in self.commands if each.key in ("ExecStart", "command")]
        return named[-1] if named else None
