"""Whose account runs what somebody else can change: his, and never root's."""

from __future__ import annotations

import grp
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.backup import git
from pytest_rollback.agent.database.messages import DumpRequest
from pytest_rollback.agent.database.postgresql import dump, server
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import ownership, reach
from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.observe.probes.request import CommandProbe
from pytest_rollback.agent.rollback.maintenance import page_file
from pytest_rollback.agent.system.command import run
from tests.unit.support.apart import NOBODY, ROOT_ONLY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = ROOT_ONLY


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


@pytest.mark.parametrize("way", ["path", "name", "relative", "link", "directory"])
def test_no_program_of_his_is_run_as_root(his: Path, way: str) -> None:
    """Whatever leads to it: a name in PATH, a path, a link, a directory that he can exchange."""
    places = {"PATH": f"{his}:{os.environ['PATH']}"}
    program = {"name": "check", "relative": "his/check"}.get(way, str(his / "check"))
    if way == "link":
        (his.parent / "check").symlink_to("his/check")
        program = str(his.parent / "check")
    if way == "directory":
        os.chown(his / "check", 0, 0)

    with pytest.raises(HostError, match="can be changed by nobody, and is not run as root") as no:
        run([program], 5.0, env=places, cwd=str(his.parent))
    assert "out of root's PATH" in no.value.hint
    assert run([program], 5.0, env=places, cwd=str(his.parent), user="nobody").out == f"{NOBODY}\n"


def test_a_group_that_nobody_is_in_changes_nothing(open_place: Path) -> None:
    """Debian has given /usr/local/bin to such a one."""
    system = [each.gr_gid for each in grp.getgrall() if 0 < each.gr_gid < reach.OF_PEOPLE]
    empty = next(gid for gid in system if not reach.has_members(gid))
    (open_place / "tool").write_text("#!/bin/sh\nid -u\n")
    for path, mode in ((open_place, 0o2775), (open_place / "tool", 0o775)):
        os.chown(path, 0, empty)
        path.chmod(mode)
    assert run([str(open_place / "tool")], 5.0).out == "0\n"

    os.chown(open_place, 0, 4711)
    ownership.CHECKED.clear()
    with pytest.raises(HostError, match="can be changed by others"):
        run([str(open_place / "tool")], 5.0)


@pytest.mark.parametrize("words", [("{}/check",), ("/bin/sh", "{}/check")])
def test_the_edge_is_reloaded_as_him_by_what_he_can_change(
    his: Path, words: tuple[str, ...]
) -> None:
    """The rule of probes; and it is said whom it was run as where that does not do."""
    (his / "check").write_text(f"#!/bin/sh\nid -u > {his}/whose\nexit 3\n")

    with pytest.raises(HostError, match="run as nobody, who can change it"):
        page_file.tell((), tuple(each.format(his) for each in words))
    assert (his / "whose").read_text().strip() == str(NOBODY)


def test_a_tool_of_postgresql_is_not_run_as_somebody_else(his: Path) -> None:
    """As root no tool of his; as the role's account none of a third one."""
    for name in ("psql", "pg_restore"):
        (his / name).write_text("#!/bin/sh\nid -u\n")
        (his / name).chmod(0o755)
    (his.parent / "shop.dump").write_bytes(b"PGDMP" + bytes(600))
    here = server.Server("", 5432, "", str(his), "daemon", "shop", "")

    with pytest.raises(HostError, match="can be changed by nobody, and is not run as daemon") as no:
        here.sql("SELECT 1")
    assert "set tools in [database]" in no.value.hint
    assert here._replace(account="nobody").sql("SELECT 1") == str(NOBODY)
    with pytest.raises(HostError, match="can be changed by nobody, and is not run as root"):
        dump.look(DumpRequest(str(his.parent / "shop.dump"), str(his), 5.0))
