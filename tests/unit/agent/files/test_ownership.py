"""Whose account runs what somebody else can change: his, and never root's."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.backup import git
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.observe.probes.request import CommandProbe
from tests.unit.support.apart import NOBODY, ROOT_ONLY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = ROOT_ONLY


@pytest.fixture
def his(open_place: Path) -> Path:
    """A directory of the service's account with a program that tells who runs it."""
    place = open_place / "his"
    place.mkdir()
    (place / "check").write_text("#!/bin/sh\nid -u\n")
    (place / "check").chmod(0o755)
    for path in (place, place / "check"):
        os.chown(path, NOBODY, NOBODY)
    return place


@pytest.mark.parametrize(
    "words",
    [
        ("{}/check",),
        ("/bin/sh", "{}/check"),
        ("sh", "-c", "exec {}/check"),
        ("env", "--", "{}/check"),
        ("sh", "-c", "cd {} && ./check"),
    ],
)
def test_a_probe_of_his_is_run_as_him(his: Path, words: tuple[str, ...]) -> None:
    """A program that he can change, wherever a command names it."""
    probe = CommandProbe(ProbeSpec(command=tuple(each.format(his) for each in words)))

    assert probe.ask().body.strip() == str(NOBODY)


def test_a_probe_of_root_is_run_as_root() -> None:
    """Nobody else can change what lies in a place of root."""
    assert CommandProbe(ProbeSpec(command=("id", "-u"))).ask().body.strip() == "0"


def test_what_several_can_change_is_not_run(his: Path) -> None:
    """There is no account then that would be right."""
    (his.parent / "check").write_text("#!/bin/sh\nid -u\n")
    (his.parent / "check").chmod(0o777)
    answer = CommandProbe(ProbeSpec(command=(str(his.parent / "check"),))).ask()

    assert answer.status is None
    assert "can be changed by others, and is not run as root" in str(answer.problem)


@pytest.mark.parametrize("whose", [".", ".git", ".git/config", "elsewhere"])
def test_git_never_has_his_configuration_as_root(his: Path, whose: str) -> None:
    """He is whoever can change what git reads, wherever that lies."""
    repository = his.parent / "app"
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    if whose == "elsewhere":
        (repository / ".git").rename(his / "git")
        (repository / ".git").write_text(f"gitdir: {his}/git\n")
    else:
        os.chown(repository / whose, NOBODY, NOBODY)

    assert git.owner(str(repository)) == "nobody"


def test_git_of_nobody_known_is_not_called_as_root(open_place: Path) -> None:
    """An account without a name cannot be become."""
    (open_place / "app").mkdir()
    os.chown(open_place / "app", 4711, 4711)

    with pytest.raises(HostError, match="can be changed by 4711"):
        git.owner(str(open_place / "app"))
