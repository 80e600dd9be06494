"""The release diff is held against the record: what changed and was not saved is named."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from pytest_rollback.agent.state import backup_set
from tests.unit.support.deployed import FILES, Deploy

if TYPE_CHECKING:
    from pathlib import Path

ENV, MESH, SERVER = "config/.env", "core/mesh/mesh.py", "core/gateway/server.py"


def _git(place: Path, *argv: str) -> str:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *settings, *argv], cwd=place, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_release_diff_is_held_against_the_record(tmp_path: Path) -> None:
    """What changed between the recorded commits, and was neither saved nor declared, is listed."""
    deploy = Deploy(tmp_path)
    _git(deploy.root, "init", "-q")
    _git(deploy.root, "add", ".")
    _git(deploy.root, "commit", "-qm", "v1")
    v1 = _git(deploy.root, "rev-parse", "HEAD")
    deploy.save(files=[ENV], added=["declared.py"])
    deploy.overwrite()
    deploy.put("declared.py", "1")
    deploy.put("undeclared.py", "1")
    _git(deploy.root, "add", *FILES, "declared.py", "undeclared.py")
    _git(deploy.root, "commit", "-qm", "v2")
    v2 = _git(deploy.root, "rev-parse", "HEAD")
    known = backup_set.read(str(deploy.state))
    backup_set.write(
        str(deploy.state),
        known._replace(
            previous=known.previous._replace(commit=v1), current=known.current._replace(commit=v2)
        ),
    )
    found = deploy.look(git=str(deploy.root))

    assert found.undeclared == (SERVER, MESH, "undeclared.py")
    assert found.compared is True
