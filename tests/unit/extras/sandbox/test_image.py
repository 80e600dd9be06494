"""An image is not built where what it is made of cannot be fetched: that is no fault of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.errors import Unreachable
from pytest_rollback.extras.sandbox.machine import debian
from pytest_rollback.extras.sandbox.machine.image import wheels

if TYPE_CHECKING:
    from pathlib import Path


def test_a_wheel_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """In pip's own words, with what to look at."""
    (tmp_path / "requirements.txt").write_text("no-such-package-of-anybody==9.9.9\n")
    with pytest.raises(Unreachable, match="no-such-package-of-anybody") as caught:
        wheels(tmp_path / "requirements.txt", tmp_path / "wheels")

    assert caught.value.hint == "check that pip can install packages here"


def test_what_does_not_come_in_time_is_told() -> None:
    """A mirror that is silent is as good as none."""
    with pytest.raises(Unreachable, match="sleep did not finish within 0 s"):
        debian.carried_out(["sleep", "5"], 0.2, "try again")
