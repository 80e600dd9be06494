"""What is live is what look shows, twice, and nothing else counts: no failure is ever an answer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_rollback.agent.backup.strategies import commands, shown
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.commands import CommandsRequest
from tests.unit.agent.backup.strategies.commands.vendor import Vendor

OTHERS = pytest.mark.skipif(os.geteuid() != 0, reason="needs another account")


def test_a_deploy_is_seen_and_the_way_back_too(tmp_path: Path) -> None:
    """What was recorded is compared with what is live."""
    vendor = Vendor(tmp_path)
    vendor.deploy()

    found = vendor.look()
    assert (found.live, found.recorded, found.is_back) == (("shop-2",), ("shop-1",), False)
    vendor.set("shop-1")
    found = vendor.look()
    assert (found.is_back, found.problem, found.strange) == (True, "", False)


BROKEN = {
    "look failed, exit code 3": ("sh", "-c", "echo shop-1; exit 3"),
    "look took longer than 2 s": ("sh", "-c", "echo shop-1; exec sleep 9"),
    "look prints nothing": ("true",),
    "look is not the same twice in succession": ("date", "+shop-1 %N"),
    "look prints more than 16384 bytes": ("sh", "-c", "yes | head -c20000"),
    "look failed, exit code 127": ("no-such-program",),
}


@pytest.mark.parametrize("words", sorted(BROKEN))
def test_what_is_no_answer_is_never_one(tmp_path: Path, words: str) -> None:
    """Neither recorded, nor taken for the release that was; with the reason and a command."""
    vendor = Vendor(tmp_path)
    vendor.deploy()
    vendor.set("shop-1")  # it would be back
    look = BROKEN[words]

    found = vendor.look(look=look, timeout=2.0)
    assert found.problem.startswith(words)
    assert not found.is_back
    assert found.hint.startswith("on the host: ")
    (part,) = commands.previous(vendor.request(look=look, timeout=2.0)).parts
    assert not part.is_back
    assert "unread" in {each.fault for each in part.faults}
    with pytest.raises(HostError, match="the release that is live is not known"):
        commands.record(vendor.request(look=look, timeout=2.0))


def test_colours_and_blank_lines_make_no_release(tmp_path: Path) -> None:
    """A tool that prints colours to one and not to another is the same."""
    vendor = Vendor(tmp_path)
    vendor.deploy()
    (vendor.place / "live").write_text("\n\x1b[32mshop-1\x1b[0m  \r\n\n")

    assert vendor.look().is_back


def test_secrets_stay_here_and_still_tell_releases_apart(tmp_path: Path) -> None:
    """What people see of both releases is the same; they are not."""
    first, second = (f"password={each}" for each in ("hunter2hunter2", "correcthorse99"))
    vendor = Vendor(tmp_path, first, second)
    vendor.deploy()

    found = vendor.look()
    assert found.live == found.recorded == ("password=***",)
    assert not found.is_back
    for path in (vendor.state).rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes(), path
    key = (vendor.state / shown.KEY).stat()
    assert (key.st_mode & 0o777, key.st_size) == (0o600, 32)


def test_a_record_that_is_gone_or_damaged_is_none(tmp_path: Path) -> None:
    """A lost key makes a comparison impossible: it is said, and never met."""
    vendor = Vendor(tmp_path)
    vendor.deploy()
    (vendor.state / shown.KEY).unlink()

    with pytest.raises(HostError, match="is gone: the record cannot be compared"):
        vendor.look()
    (part,) = commands.previous(vendor.request()).parts
    assert not part.is_back
    assert [each.fault for each in part.faults] == ["unrecorded"]


def test_a_dry_record_keeps_nothing(tmp_path: Path) -> None:
    """`rollback save --dry-run` says what it would, and leaves no key."""
    vendor = Vendor(tmp_path)
    part = commands.record(vendor.request(dry=True))

    assert (part.release, json.loads(part.text)[0]["lines"]) == ("shop-1", ["shop-1"])
    assert not vendor.state.exists()


def unusable(request: CommandsRequest) -> list[str]:
    """Return the commands that could not be run, in words."""
    (part,) = commands.previous(request).parts
    return [f"{each.path}: {each.detail}" for each in part.faults if each.fault == "unusable"]


def test_what_could_not_be_run_is_known_before(tmp_path: Path) -> None:
    """A program that is missing, may not be run, or whose script is missing."""
    vendor = Vendor(tmp_path)
    vendor.deploy()
    plain = tmp_path / "plain.sh"
    plain.write_text("#!/bin/sh\n")
    plain.chmod(0o644)

    assert unusable(vendor.request()) == []
    found = unusable(
        vendor.request(back=("terrafrom", "apply"), undo=(str(plain),), proves=("sh", "/no/one.sh"))
    )
    assert found == [
        "return: terrafrom is no program that can be run here",
        f"undo: {plain} is no program that can be run here",
        "proves: /no/one.sh: No such file or directory",
    ]


@OTHERS
def test_root_runs_nothing_that_somebody_else_can_change(tmp_path: Path) -> None:
    """It is run as him, and where an account is declared, refused."""
    vendor = Vendor(tmp_path)
    for each in (tmp_path, *tmp_path.parents):
        if each == tmp_path or each.name.startswith(("pytest-", "popen-")):
            each.chmod(0o755)  # he has to get there
    vendor.deploy()
    script = vendor.place / "mine.sh"
    script.write_text("#!/bin/sh\nid -un\n")
    script.chmod(0o755)
    os.chown(script, 65534, 65534)

    assert vendor.look(look=(str(script),)).live == ("nobody",)
    assert vendor.look(look=("sh", str(script))).live == ("nobody",)
    found = vendor.look(look=("sh", str(script)), user="daemon")
    assert "can be changed by nobody, and is not run as daemon" in found.problem
    assert vendor.look(look=("id", "-un"), user="daemon").live == ("daemon",)
    assert "there is no user" in vendor.look(user="nosuchuser").problem
    assert len(unusable(vendor.request(user="nosuchuser"))) == 4


def test_a_proof_is_only_an_exit_code_of_a_program_that_ran(tmp_path: Path) -> None:
    """One that is missing or late says nothing, neither yes nor no."""
    vendor = Vendor(tmp_path)
    vendor.deploy()

    assert not commands.prove(vendor.request()).passed
    vendor.set("shop-1")
    assert commands.prove(vendor.request()).passed
    missing = commands.prove(vendor.request(proves=("no-such-program",)))
    late = commands.prove(vendor.request(proves=("sleep", "5"), timeout=2.0))
    assert (missing.passed, late.passed) == (False, False)
    assert "was not run" in missing.problem
    assert late.problem == "it took longer than 2 s"
