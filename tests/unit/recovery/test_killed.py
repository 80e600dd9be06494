"""Killed at any point of the rollback of files: the same command ends it, undo takes it back."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_rollback.agent
from tests.unit.recovery.site import ADDED, CHANGED, FILES, Site, Systemd

SCRIPT = Path(__file__).with_name("killed.py")
PLUGINS = Path(pytest_rollback.agent.__file__).parents[2]
REPOSITORY = Path(__file__).parents[3]
STEP = 37
"""A sample: the sweep over every system call is a proof of its own."""


def killed(site: Site, point: int, way: str) -> bool:
    """Carry out, or undo, in a process that dies at a point; tell whether it died."""
    words = [str(PLUGINS), str(REPOSITORY), str(site.home), str(point), way]
    done = subprocess.run([sys.executable, str(SCRIPT), *words], check=False, capture_output=True)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr.decode()
    return done.returncode != 0


def nothing_lost(site: Site) -> None:
    """Check that each file is whole, old or new, and that each version is somewhere."""
    for path in CHANGED:
        text = site.path(path).read_text()
        assert text.endswith("# current\n") or "# current" not in text
        assert text
    texts = [path.read_bytes() for path in site.home.rglob("*") if path.is_file()]
    assert sum(text.endswith(b"# current\n") for text in texts) >= len(CHANGED)
    assert sum(text == b"added = True\n" for text in texts) >= len(ADDED)


def restored(site: Site) -> None:
    """Check that the previous release is live, and nothing else."""
    assert all("# current" not in site.path(path).read_text() for path in CHANGED)
    assert not any(site.path(path).exists() for path in ADDED)
    assert "# current" not in (site.units / "gate.service").read_text()
    left = [*site.root.rglob("*.backup"), *site.root.rglob(".rollback-*")]
    assert left + list(site.units.glob(".*")) == []


@pytest.mark.parametrize("way", ["apply", "undo"])
def test_a_kill_anywhere_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Every version is there, the same command goes on to the end, undo brings all back exactly."""
    point = 5 if way == "apply" else 8
    while True:
        site = Site(tmp_path / str(point))
        manager = Systemd(site)
        monkeypatch.setenv("PATH", f"{site.home / 'bin'}:/usr/bin:/bin")
        before = site.everything()
        if way == "undo":
            for action in FILES:
                site.perform(action)
        died = killed(site, point, way)
        nothing_lost(site)
        if way == "apply":
            for action in FILES:
                site.perform(action)
            restored(site)
        site.undo()
        assert site.everything() == before
        manager.end()
        if not died:
            assert point > 3 * STEP, "no kill happened: this test would prove nothing"
            return
        point += STEP
