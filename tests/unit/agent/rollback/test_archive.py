"""The end of a rollback: what cannot be moved into the evidence is told before anything stops."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import requirements
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.requirements import RightsRequest
from pytest_rollback.agent.messages.rollback.files import FilesRequest
from pytest_rollback.agent.rollback import archive
from tests.unit.agent.restore.test_apply import Tree

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change such flags")


@ROOT_ONLY
@pytest.mark.parametrize(("flag", "words"), [("i", "immutable"), ("a", "append-only")])
def test_a_backup_that_cannot_be_moved_is_named(tmp_path: Path, flag: str, words: str) -> None:
    """By readiness, and by the plan that the drill's entry makes; once mended all are moved."""
    tree = Tree(tmp_path, ["a.py", "b.py"])
    asked = tree.request()
    request, copy = FilesRequest(asked.location, asked.selection), tree.root / "a.py.backup"
    subprocess.run(["chattr", f"+{flag}", copy], check=True)
    try:
        denied = requirements.rights(RightsRequest(asked.location, None, None, ())).denied
        with pytest.raises(HostError, match=rf"a\.py\.backup is {words}$") as caught:
            archive.look(request)
    finally:
        subprocess.run(["chattr", f"-{flag}", copy], check=True)
    tree.apply()

    assert denied == {str(copy): f"is {words} (chattr +{flag})"}
    assert str(copy) in caught.value.hint
    assert archive.close(request).saved == len(["a.py", "b.py"])
