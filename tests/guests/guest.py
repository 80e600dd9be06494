"""A folder of somebody else: settings, files and environment, around the description of a shop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Setting = str | bool | list[str]

SECTIONS = {
    "pyproject.toml": "tool.pytest.ini_options",
    "pytest.toml": "pytest",
    ".pytest.toml": "pytest",
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}
"""The files that pytest reads settings from, with the section of each."""

SAME, LESS, NOT_OURS, REFUSED = "same", "less", "not ours", "refused"
"""What has to become of a session: that of a folder without settings; a verdict against it that
says how little was evaluated; none of ours; none at all."""


@dataclass(frozen=True)
class Guest:
    """What somebody has set in a folder.

    Args:
        settings: of pytest, by name.
        files: beside them, by path; `{home}` is the folder.
        environment: of the session.
        typed: words of the command line.
        kept: the file that has the settings.
        ends: how the session has to end.
    """

    settings: Mapping[str, Setting] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    typed: tuple[str, ...] = ()
    kept: str = "pyproject.toml"
    ends: str = SAME

    def written(self) -> str:
        """Return the file of settings."""
        form = json.dumps if self.kept.endswith(".toml") else ini
        lines = [f"{name} = {form(value)}" for name, value in self.settings.items()]
        return "\n".join((f"[{SECTIONS[self.kept]}]", *lines, ""))

    @contextmanager
    def at(self, home: Path) -> Iterator[None]:
        """Have a folder be like this, for as long as this lasts."""
        before = set(home.iterdir())
        for name, text in {self.kept: self.written(), **self.files}.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{home}", str(home)))
        try:
            yield
        finally:
            for path in set(home.iterdir()) - before - {home / "reports"}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def ini(value: Setting) -> str:
    """Return a value as files of this kind have it."""
    if isinstance(value, list):
        return "\n    ".join(("", *value))
    return str(value).lower() if isinstance(value, bool) else value
