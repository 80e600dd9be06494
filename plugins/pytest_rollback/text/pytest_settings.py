"""The settings in pytest's configuration files, for commands that are no session of pytest.

pytest's own reader finds the file and reads it, so that a command and a session never disagree on
which of `pytest.toml`, `pytest.ini`, `pyproject.toml`, `tox.ini` and `setup.cfg` counts. It is
asked only where one of these names a setting of ours: it takes as long as the rest of a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

FILES = (
    *("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"),
    *("pyproject.toml", "tox.ini", "setup.cfg"),
)
OURS = b"rollback_"
"""What the name of each setting of ours begins with."""


class PytestSettings(NamedTuple):
    """The settings of a folder.

    Args:
        root: pytest's `rootdir`, where relative paths begin.
        values: by name, as texts.
    """

    root: Path
    values: Mapping[str, str]

    def path(self, name: str) -> Path | None:
        """Return the path that a setting names; None where it is not set."""
        return self.root / self.values[name] if self.values.get(name) else None


def read(folder: Path) -> PytestSettings:
    """Return what a session of pytest in a folder would go by.

    Raises:
        ValueError: pytest refuses the file.
    """
    folder = folder.absolute()
    if not any(map(mentions, (at / name for at in (folder, *folder.parents) for name in FILES))):
        return PytestSettings(folder, {})
    from _pytest.config.exceptions import UsageError  # noqa: PLC0415 - few folders pay for it
    from _pytest.config.findpaths import determine_setup  # noqa: PLC0415

    try:
        root, _, found, *_ = determine_setup(
            inifile=None, override_ini=None, args=(), rootdir_cmd_arg=None, invocation_dir=folder
        )
    except UsageError as error:
        raise ValueError(str(error)) from error
    return PytestSettings(root, {name: str(each.value) for name, each in found.items()})


def mentions(path: Path) -> bool:
    """Return whether a file has the name of a setting of ours in it."""
    try:
        return OURS in path.read_bytes()
    except OSError:
        return False
