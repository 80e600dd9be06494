"""A session that ends while its sandbox is made leaves nothing of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from pytest_rollback.extras.sandbox.local.sandbox import Embedded
from pytest_rollback.extras.sandbox.target import Sandbox

VILLAGE = Path(__file__).parents[4] / "fixtures/village"


def test_ctrl_c_while_the_current_release_is_deployed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is up already, and no session has it yet: no process and no file of it is left."""
    found: list[Embedded] = []

    def interrupted(sandbox: Embedded, *_: object) -> None:
        found.append(sandbox)
        assert sandbox.running
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Embedded, "deploy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Sandbox.open(VILLAGE, None)

    assert len(found) == 1
    assert not found[0].running
    assert not list(tmp_path.glob("rollback-sandbox-*"))
