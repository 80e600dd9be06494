"""After a line that dropped: the next one of the same machine goes on at once, any other waits.

The host is an agent in namespaces of its own: it has another name, and sees no process of ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.agent.state import last_sign, lease
from pytest_rollback.agent.system import processes
from pytest_rollback.errors import LockHeld
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.recovery import status
from pytest_rollback.recovery.action import Action, Scope
from pytest_rollback.recovery.gate import Gate
from pytest_rollback.recovery.lock_holder import (
    Holder,
    gone_holders,
    is_gone,
    subject,
    whether_idle,
)
from pytest_rollback.transport.batch import without_asking
from pytest_rollback.transport.call import AnyCall
from tests.unit.recovery.site import Direct, Site
from tests.unit.support.apart import ROOT_ONLY, elsewhere

pytestmark = ROOT_ONLY

PLUGINS = str(Path(lease.__file__).parents[3])
AGENT = """
import json, socket, sys
sys.path.insert(0, sys.argv[1])
from pytest_rollback.agent import main as entry
socket.sethostname("target")
print(json.dumps([entry.answer(question) for question in json.loads(sys.argv[2])]))
"""
SEES = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pytest_rollback.agent.system import processes
processes.started(os.getpid())  # an account without rights finds no module to load for it
os.setgroups([])  # the group 0 sees all
os.setgid(65534)
os.setuid(65534)
print(processes.started(int(sys.argv[2])), processes.is_gone(int(sys.argv[2]), 1.0))
"""


class Elsewhere(Direct):
    """The agent on a host of another name, with processes of its own."""

    def _answers(self, calls: Sequence[AnyCall], deadline: float) -> list[Any]:
        """Return what the agent says to several requests; `deadline` is not used here."""
        del deadline
        command = ["unshare", "--uts", "--pid", "--fork", "--mount-proc", sys.executable, "-c"]
        done = subprocess.run(
            [*command, AGENT, PLUGINS, json.dumps([call.asked() for call in calls])],
            check=True,
            stdout=subprocess.PIPE,
        )
        answers: list[Any] = json.loads(done.stdout)
        return answers


class Controller:
    """Begins runs on that host, as whoever it is told to be."""

    def __init__(self, site: Site, timeline: Timeline) -> None:
        self.site, self.timeline = site, timeline
        self.connection = Elsewhere(site.system)

    def gate(self, run: str, **other: Any) -> Gate:  # noqa: ANN401 - a field of the holder
        """Return a gate of this process, but for what is other."""
        holder = Holder.here(run, f"ann-{run}")
        holder = replace(holder, process=holder.process._replace(**other))
        return Gate(
            self.connection, Scope(self.site.system), self.timeline, armed="here", holder=holder
        )

    def begin(self, run: str, **other: Any) -> str:  # noqa: ANN401
        """Begin a run; return the one that it is then."""
        gate = self.gate(run, **other)
        gate.perform(NOTHING)
        return gate.scope.run


NOTHING = Action(
    "nothing", "prepare", lambda _scope: without_asking(None), lambda _scope, _found: ()
)


@pytest.fixture
def controller(site: Site, tmp_path: Path) -> Iterator[Controller]:
    """A machine from where that host is rolled back."""
    kept = Timeline(tmp_path / "told")
    yield Controller(site, kept)
    kept.close()


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_holder_that_died_here_is_gone_on_with_at_once(controller: Controller, dead: int) -> None:
    """Nobody has its number any more."""
    assert controller.begin("r1", pid=dead) == "r1"
    assert controller.begin("r2") == "r1"


def test_a_number_that_somebody_got_since_then_is_not_the_holder(controller: Controller) -> None:
    """The process that has it started at another time."""
    controller.begin("r1", pid=os.getppid(), pid_started=1.0)

    assert controller.begin("r2") == "r1"


def test_one_that_lives_here_is_not_taken_over(controller: Controller) -> None:
    """The way out is to end it; on this machine the same command then goes on."""
    alive = os.getppid()
    controller.begin("r1", pid=alive, pid_started=processes.started(alive))
    with pytest.raises(LockHeld, match="held by ann-r1") as caught:
        controller.begin("r2")

    here = processes.here().host
    assert f"'kill -INT {alive}' on {here}" in caught.value.hint
    assert f"on {here} at once, elsewhere 120 s after its last sign of life" in caught.value.hint


@pytest.mark.parametrize(
    "other",
    [
        {"host": "jump-2"},
        {"boot": "00000000-0000-4000-8000-000000000000"},
        {"space": "pid:[4026530000]"},
        {"boot": "", "space": ""},
    ],
    ids=["another machine", "one of the same name", "a container of the same name", "no /proc"],
)
def test_one_that_cannot_be_seen_from_here_is_waited_for(
    controller: Controller, dead: int, other: dict[str, str]
) -> None:
    """That nobody has its number here says nothing; its silence does, and from anywhere."""
    controller.begin("r1", pid=dead, **other)
    with pytest.raises(LockHeld, match="held by ann-r1"):
        controller.begin("r2")
    path = controller.site.state / "runs" / "r1" / last_sign.NAME
    path.write_text(f"{last_sign.boot()} {last_sign.up() - lease.SILENT - 1}\n")

    assert controller.begin("r2") == "r1"


def test_of_two_who_see_it_dead_one_goes_on(controller: Controller, dead: int) -> None:
    """What the second one saw is not who holds the host by then."""
    controller.begin("r1", pid=dead)
    second = controller.gate("r3")
    seen = gone_holders(controller.connection)  # just before the first one takes over
    alive = os.getppid()
    controller.begin("r2", pid=alive, pid_started=processes.started(alive))
    with pytest.raises(LockHeld, match="held by ann-r2"):
        second._taken(*seen)  # noqa: SLF001
    with pytest.raises(LockHeld, match="held by ann-r2"):
        controller.begin("r3")

    assert len(seen) == 1


@pytest.mark.parametrize("open_too", [True, False])
def test_one_that_died_here_is_in_nobodys_way(
    controller: Controller, dead: int, *, open_too: bool
) -> None:
    """The host takes it for one at work until it was silent long enough; here it is seen dead."""
    controller.begin("r1", pid=dead)
    me = Holder.here("r2", "ann").process
    asked = whether_idle(controller.connection, me, open_too=open_too)
    (said,) = controller.connection._answers([asked.call], 9.0)  # noqa: SLF001
    assert said["problem"]["kind"] == "held"
    other = asked.judged(said)
    assert other is not None
    (said,) = controller.connection._answers([other.call], 9.0)  # noqa: SLF001

    assert other.judged(said) is None


@pytest.mark.parametrize("other", [{"host": "jump-2"}, {"pid": os.getppid(), "pid_started": -1.0}])
def test_one_that_may_live_is_not_to_be_disturbed(
    controller: Controller, dead: int, other: dict[str, Any]
) -> None:
    """One that ran elsewhere cannot be seen; one that lives here goes on."""
    if "pid_started" in other:
        other = {**other, "pid_started": processes.started(other["pid"])}
    controller.begin("r1", **{"pid": dead, **other})
    me = Holder.here("r2", "ann").process
    asked = whether_idle(controller.connection, me, open_too=True)
    (said,) = controller.connection._answers([asked.call], 9.0)  # noqa: SLF001

    with pytest.raises(LockHeld, match="held by ann-r1"):
        asked.judged(said)


def test_its_status_is_told_from_here_as_well(controller: Controller, dead: int) -> None:
    """It is interrupted, and the next command goes on with it; elsewhere it may be at work."""
    controller.begin("r1", pid=dead)
    (told,) = status.runs(controller.connection)
    assert (told.state, status.words(told)) == ("open", "interrupted")
    controller.begin("r1", pid=dead, host="jump-2")
    (told,) = status.runs(controller.connection)

    assert (told.state, status.words(told)) == ("held", "running")


def test_without_proc_nobody_is_called_dead(dead: int, tmp_path: Path) -> None:
    """Neither a holder of here, nor a number that nobody can tell the age of."""
    at = processes.here()
    assert is_gone(HolderProcess(*at, dead, 1.0))
    with elsewhere(tmp_path):
        assert not is_gone(HolderProcess(*at, dead, 1.0))
        assert not is_gone(HolderProcess("", "", "", dead, 1.0))
        assert not processes.is_gone(os.getpid(), 1.0)


@pytest.mark.parametrize("pid", [0, -1, 2**40])
def test_what_is_no_number_of_a_process_is_nobody_dead(pid: int) -> None:
    """Zero and less would be whole groups."""
    assert not processes.is_gone(pid, 1.0)


def test_one_that_is_hidden_from_us_is_not_called_dead() -> None:
    """Where /proc shows everybody their own processes only, others' are there all the same."""
    script = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", SEES]
    done = subprocess.run(
        [*command, PLUGINS, str(os.getpid())], check=True, stdout=subprocess.PIPE, text=True
    )

    assert done.stdout.split() == ["0.0", "False"]


def test_a_unit_is_that_of_one_manager(site: Site) -> None:
    """Where a manager has a socket that tells it from others, else where its unit files are."""
    services = site.system.services
    sockets = services.model_copy(update={"socket": "/run/one.sock"})
    other = site.system.model_copy(update={"services": sockets})
    found, units = subject(site.system), {each.unit for each in site.system.components}

    assert found[0] == str(site.root)
    assert {*found[1]} == {f"systemd {site.units} {unit}" for unit in units}
    assert {*subject(other)[1]} == {f"systemd /run/one.sock {unit}" for unit in units}
