"""The previous release is brought back once, look proves it, and undo goes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.rollback.undo import RELEASE
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import progress
from tests.unit.agent.backup.strategies.commands.vendor import Vendor, refused

RUN = ["returning", "returned"]


@pytest.fixture
def vendor(tmp_path: Path) -> Vendor:
    """One whose second release was deployed, and that a run has taken."""
    found = Vendor(tmp_path)
    found.deploy()
    found.begin()
    return found


def test_it_is_returned_once_and_undone(vendor: Vendor) -> None:
    """Written down before, proven by look, not done twice; and back again."""
    assert vendor.back()
    assert (vendor.live, vendor.events(), vendor.look().is_back) == ("shop-1", RUN, True)
    assert not vendor.back()
    assert (vendor.calls("back"), vendor.events()) == (1, RUN)

    plan = undo.look(vendor.undoing())
    assert (plan.conflicts, plan.release) == ((), (f"{vendor.tool} forth",))
    vendor.undo()
    assert (vendor.live, vendor.calls("forth")) == ("shop-2", 1)
    vendor.undo()
    assert vendor.calls("forth") == 1


def test_a_command_that_fails_says_so_and_is_done_again(vendor: Vendor) -> None:
    """Its last words, without secrets, and how to go on; nothing is taken for done."""
    broken = vendor.breaks("back")
    with pytest.raises(HostError, match="return of the release failed, exit code 3") as told:
        vendor.back()
    assert "hunter2" not in refused(told.value)
    assert (vendor.live, vendor.events(), told.value.kind) == (
        "shop-2",
        ["returning"],
        "unfinished",
    )
    assert vendor.look().unfinished

    broken.unlink()
    assert vendor.back()
    assert vendor.events() == ["returning", *RUN]
    vendor.undo()
    assert vendor.live == "shop-2"


def test_a_command_that_ends_well_and_does_nothing_is_not_done(vendor: Vendor) -> None:
    """Exit code 0 proves nothing: look does."""
    with pytest.raises(HostError, match="ended well, but look shows shop-2"):
        vendor.back(back=("true",))
    assert vendor.events() == ["returning"]


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(vendor: Vendor) -> None:
    """Nothing of it changes the release later."""
    late = ("sh", "-c", f"(sleep 2; echo shop-1 > {vendor.place}/live) & wait")
    with pytest.raises(HostError, match=r"took longer than 0\.5 s and was ended"):
        vendor.back(back=late, change_timeout=0.5)
    time.sleep(2.5)
    assert vendor.live == "shop-2"


def test_a_third_release_stops_it(vendor: Vendor) -> None:
    """A command that ended half way, or somebody else: neither is guessed about."""
    vendor.breaks("back")
    with pytest.raises(HostError):
        vendor.back()
    vendor.set("half of shop-1")

    assert vendor.look().strange
    with pytest.raises(HostError, match="neither what was recorded nor what was live") as told:
        vendor.back()
    assert "by hand" in refused(told.value)
    (why,) = undo.look(vendor.undoing()).conflicts
    assert "half of shop-1" in why
    with pytest.raises(HostError, match="nothing was undone"):
        vendor.undo()


def test_another_release_than_was_planned_stops_it(vendor: Vendor) -> None:
    """A deploy between plan and change."""
    seen = vendor.look().seen
    vendor.set("shop-3")

    with pytest.raises(HostError, match="another release is live than when this was planned"):
        vendor.back(seen=seen)
    assert vendor.events() == []


def test_what_cannot_be_undone_is_said_and_can_be_left(vendor: Vendor) -> None:
    """Without undo, or without the commands; all else is undone with --without."""
    vendor.back()
    lacks = vendor.undoing(undo=())

    plan = undo.look(lacks)
    assert plan.paths == (RELEASE,)
    assert plan.conflicts == ("the release cannot be undone: [release.commands] has no undo",)
    (why,) = undo.look(lacks._replace(release=None)).conflicts
    assert "rollback.toml has no [release.commands]" in why
    with pytest.raises(HostError, match="nothing was undone"):
        undo.undo(lacks)
    assert "undo" not in vendor.events()
    undo.undo(lacks._replace(without=(RELEASE,)))
    assert (vendor.live, vendor.events()[-1]) == ("shop-1", progress.UNDONE)


def test_an_undo_that_fails_goes_on_later(vendor: Vendor) -> None:
    """The run is not undone until look shows what was live before it."""
    vendor.back()
    broken = vendor.breaks("forth")
    with pytest.raises(HostError, match="undo of the release failed"):
        vendor.undo()
    assert progress.UNDONE not in vendor.events()

    broken.unlink()
    vendor.undo()
    assert (vendor.live, vendor.events()[-1]) == ("shop-2", progress.UNDONE)


def test_an_undo_of_which_look_says_nothing_is_refused(vendor: Vendor) -> None:
    """What is live is not known: nothing is run."""
    vendor.back()
    vendor.breaks("live")
    (why,) = undo.look(vendor.undoing()).conflicts
    assert "look failed, exit code 3" in why
    with pytest.raises(HostError, match="nothing was undone"):
        vendor.undo()
    assert vendor.calls("forth") == 0


KILLED = """
import sys
from pathlib import Path
from tests.unit.agent.backup.strategies.commands.vendor import Vendor
vendor = Vendor.__new__(Vendor)
vendor.__dict__.update(place=Path(sys.argv[1]), root=Path(sys.argv[2]), state=Path(sys.argv[3]))
vendor.tool = vendor.place / "tool"
vendor.back(back=("sh", "-c", sys.argv[4]))
"""


def killed(vendor: Vendor, command: str) -> None:
    """Kill a run while its command is at work: it has made the file `begun`."""
    places = [str(each) for each in (vendor.place, vendor.root, vendor.state)]
    command = f"touch {vendor.place}/begun; {command}"
    run = subprocess.Popen([sys.executable, "-c", KILLED, *places, command])
    try:
        until = time.monotonic() + 20
        while not (vendor.place / "begun").exists():
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()


def test_a_killed_run_whose_command_went_on_is_not_done_twice(vendor: Vendor) -> None:
    """The next one waits for it, and look says that all is done."""
    killed(vendor, f"sleep 1; echo shop-1 > {vendor.place}/live")
    found = vendor.look()
    assert (found.is_back, found.unfinished, found.strange) == (False, True, False)

    with pytest.raises(HostError, match="still at work") as told:
        vendor.back(change_timeout=0.2)
    assert "fuser -v " in refused(told.value)
    time.sleep(1.5)
    assert not vendor.back()
    assert (vendor.calls("back") if (vendor.place / "calls").exists() else 0) == 0
    assert (vendor.live, vendor.events()) == ("shop-1", RUN)
    vendor.undo()
    assert vendor.live == "shop-2"


def test_a_killed_run_whose_command_died_is_done_again(vendor: Vendor) -> None:
    """Nothing was changed: look says so, and the command is run."""
    killed(vendor, "sleep 1; exit 1")
    assert vendor.back()
    assert (vendor.live, vendor.events()) == ("shop-1", ["returning", *RUN])


def test_what_a_command_leaves_behind_is_not_waited_for(vendor: Vendor) -> None:
    """A daemon that it started on purpose keeps the input open; the end was noted."""
    daemon = f"setsid sleep 60 <&0 & echo $! > {vendor.place}/pid"
    vendor.back(back=("sh", "-c", f"{daemon}; echo shop-1 > {vendor.place}/live"))
    try:
        vendor.undo(change_timeout=5.0)
    finally:
        os.kill(int((vendor.place / "pid").read_text()), signal.SIGKILL)
    assert vendor.live == "shop-2"


def test_an_undo_waits_for_the_command_of_a_killed_run(vendor: Vendor) -> None:
    """It would bring the previous release back after all was undone."""
    killed(vendor, f"sleep 1; echo shop-1 > {vendor.place}/live")
    vendor.undo()
    assert (vendor.live, vendor.calls("forth")) == ("shop-2", 1)


def test_a_killed_run_that_changed_nothing_has_nothing_to_undo(vendor: Vendor) -> None:
    """What was live before it is live."""
    killed(vendor, "sleep 1; exit 1")
    assert undo.look(vendor.undoing(undo=())).conflicts == ()
    vendor.undo()
    assert (vendor.live, vendor.calls("forth")) == ("shop-2", 0)
