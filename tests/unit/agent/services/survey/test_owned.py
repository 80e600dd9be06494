"""Directories that a package manager owns, told from all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.agent.services.presence.survey import owned
from tests.unit.cli.init.hosts import unit


def found(place: Path) -> dict[str, str]:
    """Return what is found below a place, by its path there."""
    there = owned.directories([unit("web", str(place))], ())
    return {str(Path(path).relative_to(place)): why for path, why in there}


@pytest.mark.parametrize(
    ("path", "file", "owner"),
    [
        ("node_modules", "left-pad/index.js", "npm"),
        ("web/node_modules", "left-pad/index.js", "npm"),
        (".venv", "pyvenv.cfg", "pip"),
        ("env", "pyvenv.cfg", "pip"),
        ("lib/site-packages", "x.py", "pip"),
    ],
)
def test_what_a_package_manager_owns(tmp_path: Path, path: str, file: str, owner: str) -> None:
    """By its name or by what lies in it, also one directory further down."""
    (tmp_path / path / file).parent.mkdir(parents=True)
    (tmp_path / path / file).write_text("")
    (told,) = found(tmp_path).items()
    assert told[0] == path
    assert owner in told[1]


def test_other_directories(tmp_path: Path) -> None:
    """A name alone makes no virtual environment, and a link leads to somebody else's."""
    (tmp_path / "venv").mkdir()
    (tmp_path / "app/env").mkdir(parents=True)
    (tmp_path / "elsewhere/a/b/c/node_modules").mkdir(parents=True)
    (tmp_path / "node_modules").symlink_to("/usr/lib")
    assert found(tmp_path) == {}
