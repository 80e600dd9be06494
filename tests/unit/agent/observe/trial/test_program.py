"""Which Python a release behind a link is tried with: its own, not that of the live release."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent.observe.trial.trial_site import TrialSite


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two releases with environments of their own, and the link to the second."""
    for name in ("r1", "r2"):
        place = tmp_path / "live/releases" / name / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    (tmp_path / "live/current").symlink_to("releases/r2")
    stage = tmp_path / "stage"
    stage.mkdir()
    (stage / "current").symlink_to("releases/r1")
    (stage / "releases").symlink_to(tmp_path / "live/releases")
    return tmp_path


def site(root: Path) -> TrialSite:
    """Return where the first release is tried."""
    return TrialSite(str(root / "stage"), str(root / "live"), (), "", 0.0)


def test_it_is_that_of_the_release_that_is_tried(root: Path) -> None:
    """With its packages: the name of an environment is not followed to the Python that made it."""
    found = site(root).program(f"{root}/live/current/venv/bin/python")
    assert found == f"{root}/live/releases/r1/venv/bin/python"
    words = [found, "-c", "import sys; print(sys.prefix)"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{root}/live/releases/r1/venv"


@pytest.mark.parametrize("spoilt", ["gone", "closed"])
def test_nothing_of_the_live_release_is_needed(root: Path, spoilt: str) -> None:
    """A bad one would stand against its own rollback."""
    live = root / "live/releases/r2/venv"
    if spoilt == "gone":
        (live / "bin/python").unlink()
    else:
        live.chmod(0)
    found = site(root).program(f"{root}/live/current/venv/bin/python -X dev")
    assert found == f"{root}/live/releases/r1/venv/bin/python -X dev"


def test_any_other_program_stays(root: Path) -> None:
    """One of the host, one that all releases share, and one whose name is looked for in PATH."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(root / "live/venv")], check=True
    )
    (root / "stage/venv").symlink_to(root / "live/venv")
    for command in (f"{root}/live/venv/bin/python", "/usr/bin/python3", "python3"):
        assert site(root).program(command) == command
