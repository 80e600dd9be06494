"""The processes of units, as the host has them: real processes, sockets and files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.files.tree import Tree
from pytest_rollback.agent.messages.location import ComponentFiles, Location, Selection
from pytest_rollback.agent.messages.services.running import (
    Running,
    RunningRequest,
    UnitOwner,
)
from pytest_rollback.agent.messages.state.runs import BeginRequest, EndRequest
from pytest_rollback.agent.services.presence import running
from pytest_rollback.agent.state import lease as leases
from pytest_rollback.agent.state import lock, runs
from pytest_rollback.agent.system import command_lines, processes, sockets
from pytest_rollback.recovery.lock_holder import Holder
from tests.plugin.shop import free_port
from tests.unit.agent.services import test_systemd
from tests.unit.support.apart import ROOT_ONLY
from tests.unit.support.deployed import saving

systemd = test_systemd.systemd
LISTENER = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(300)
"""

AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


class House:
    """A fake systemd with one unit, whose program lies in a root."""

    def __init__(self, home: Path, manager: test_systemd.Systemd) -> None:
        self.root, self.state, self.etc = home / "srv", home / "state", home / "etc"
        for place in (self.root, self.etc):
            place.mkdir()
        self.manager, self.port = manager, free_port()
        self.script = self.root / "app.py"
        self.script.write_text(LISTENER)
        self.data = home / "data.sqlite"
        self.data.touch()
        self.others: list[subprocess.Popen[bytes]] = []
        manager.has("app", [sys.executable, str(self.script), str(self.port)])

    def look(self) -> Running:
        """Look at its processes."""
        request = RunningRequest(
            Location(str(self.root), str(self.state), ".prev"),
            test_systemd.SYSTEMD,
            (UnitOwner("app", "app", (self.port,)),),
            Selection((ComponentFiles("app", ("app.py",)),)),
            str(self.etc),
            (str(self.data),),
        )
        return running.look(request)

    def started(self, *words: object, **how: object) -> subprocess.Popen[bytes]:
        """Start a process that is of no unit."""
        command = list(map(str, words))
        process = subprocess.Popen(command, start_new_session=True, **how)  # type: ignore[call-overload]
        self.others.append(process)
        return process  # type: ignore[no-any-return]

    def wait(self) -> None:
        """Wait until somebody listens."""
        until = time.monotonic() + 10
        while self.port not in sockets.listening():
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.fixture
def house(tmp_path: Path, systemd: test_systemd.Systemd) -> Iterator[House]:
    """A house; what was started beside its unit is ended."""
    house = House(tmp_path, systemd)
    yield house
    for process in house.others:
        process.kill()
        process.wait()


def record(house: House) -> None:
    """Record the unit's program."""
    save.save(saving(house.root, house.state, ["app.py"], suffix=".prev"))


def test_a_unit_that_began_last_holds_its_port_alone(house: House) -> None:
    """Nothing is stale, nobody else listens, nobody else is of the root."""
    record(house)
    house.manager.start("app")
    house.wait()
    found = house.look()
    (unit,) = found.units.values()

    assert (unit.number, unit.stale, unit.stepped) == (1, False, 0.0)
    assert unit.oldest
    assert str(house.script) in unit.oldest.command
    assert unit.youngest
    assert unit.youngest.path == "app.py"
    assert unit.ports[str(house.port)].own == 1
    assert not unit.ports[str(house.port)].others
    assert (found.strangers, found.unread, found.unrecorded) == ((), 0, "")


def rolled_back(house: House, **facts: object) -> None:
    """Have a run write down that it started the unit as it runs now; facts may differ."""
    state, run = str(house.state), "20261129-120000-aaaa"
    runs.begin(BeginRequest(state, run, "ann", Holder.here(run, "ann").process, "corner"))
    journal = lock.opened(leases.folder(state, run), lock.CHANGES)
    pid = house.manager.look("app")["app"].pid
    told = {"pid": pid, "ticks": processes.started(pid), **facts}
    journal.add("start done", unit="app", restarts=0, **told)
    journal.close()
    runs.end(EndRequest(state, run, "recovered"))


@pytest.mark.parametrize("other", [{}, {"pid": 1}, {"ticks": 7.0}])
def test_a_unit_that_a_rollback_started_is_of_its_files(
    house: House, other: dict[str, object]
) -> None:
    """Who links or writes the same content afterwards makes it no older; another process is."""
    record(house)
    house.manager.start("app")
    time.sleep(0.2)
    rolled_back(house, **other)
    os.link(house.script, house.root / "linked")
    assert house.look().units["app"].stale == bool(other)

    (house.etc / "app.service").write_text("[Service]\n")
    assert house.look().units["app"].stale


@pytest.mark.parametrize("how", ["in place", "renamed", "unit file"])
def test_what_is_put_back_later_makes_a_unit_stale(house: House, how: str) -> None:
    """By its inode's change: times of the content are put back as well."""
    record(house)
    house.manager.start("app")
    time.sleep(0.2)
    before = house.look().units["app"].stale
    if how == "unit file":
        (house.etc / "app.service").write_text("[Service]\n")
    else:
        place = house.script if how == "in place" else house.root / "app.new"
        place.write_text(LISTENER)
        os.utime(place, (1, 1))
        place.replace(house.script)
    unit = house.look().units["app"]

    assert not before
    assert unit.stale
    assert unit.youngest
    assert unit.youngest.path == (str(house.etc / "app.service") if "unit" in how else "app.py")


def test_another_that_holds_the_port_is_named(house: House) -> None:
    """A process of the failed release, of no unit, answers in the unit's place."""
    orphan = house.started(sys.executable, house.script, house.port)
    house.wait()
    house.manager.has("app")
    house.manager.start("app")
    found = house.look()
    holders = found.units["app"].ports[str(house.port)]

    assert holders.own == 0
    assert [each.pid for each in holders.others] == [orphan.pid]
    assert [(each.pid, each.why) for each in found.strangers] == [
        (orphan.pid, f"it runs {house.script}")
    ]


WITHOUT = ("setpriv", "--inh-caps=-sys_ptrace", "--bounding-set=-sys_ptrace")
HELD = """
import sys
from pytest_rollback.agent.system import sockets
pid, port = map(int, sys.argv[1:])
inodes = frozenset(each.inode for each in sockets.listeners() if each.port == port)
print(*map(len, sockets.held(inodes, [pid])))
"""


@ROOT_ONLY
@pytest.mark.parametrize(("before", "said"), [((), "1 0"), (WITHOUT, "0 1")])
def test_a_root_that_may_not_look_at_others_has_not_looked(
    house: House, before: tuple[str, ...], said: str
) -> None:
    """As in many containers: it can list what another has open, and not read what it is."""
    house.script.chmod(0o755)
    other = house.started(*AS_NOBODY, sys.executable, "-c", LISTENER, house.port)
    house.wait()
    words = [*before, sys.executable, "-c", HELD, str(other.pid), str(house.port)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == said


def test_who_only_stands_in_the_root_is_no_stranger(house: House) -> None:
    """A shell, a pager and an editor that somebody has open there; our callers as well."""
    for words in (["sleep", "300"], ["sh", "-c", "read line"], ["tail", "-f", house.script]):
        house.started(*words, cwd=house.root, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    time.sleep(0.2)

    assert house.look().strangers == ()


@pytest.mark.parametrize("how", ["script", "relative", "module", "deleted", "program"])
def test_who_runs_something_of_the_root_is_a_stranger(house: House, how: str) -> None:
    """However it was started, and also when its file is gone since."""
    (house.root / "job.py").write_text("import time\ntime.sleep(300)\n")
    own = house.root / "own-sleep"
    own.write_bytes(Path("/bin/sleep").read_bytes())
    own.chmod(0o755)
    words = {
        "script": [sys.executable, house.root / "job.py"],
        "relative": [sys.executable, "-u", "job.py"],
        "module": [sys.executable, "-m", "job"],
        "deleted": [own, "300"],
        "program": [own, "300"],
    }[how]
    process = house.started(*words, cwd=house.root)
    time.sleep(0.3)
    if how == "deleted":
        own.unlink()
    (found,) = house.look().strangers

    assert found.pid == process.pid
    assert found.why


HOLDS = "import sys, time; file = open(sys.argv[1]); print('open', flush=True); time.sleep(300)"
"""A program that has a file open."""


def test_who_has_the_database_open_and_is_of_no_unit_is_a_stranger(
    house: House, tmp_path: Path
) -> None:
    """It lies elsewhere, has another name for it, and would write into the file that is kept."""
    house.manager.start("app")
    house.wait()
    assert house.look().strangers == ()
    another = tmp_path / "another name"
    another.hardlink_to(house.data)
    beside = house.started(
        sys.executable, "-c", HOLDS, another, cwd="/", stdout=subprocess.PIPE, text=True
    )
    assert beside.stdout
    beside.stdout.readline()
    (found,) = house.look().strangers

    assert (found.pid, found.why) == (beside.pid, "it has the live database open")


def test_a_unit_may_have_its_database_open(house: House) -> None:
    """It is ended before anything is replaced."""
    house.script.write_text(f"import sys\nfile = open({str(house.data)!r})\n{LISTENER}")
    house.manager.start("app")
    house.wait()

    assert house.look().strangers == ()


@pytest.mark.parametrize("gone", ["script", "directory", "nothing", "another program"])
def test_an_older_release_that_lay_elsewhere_is_named(
    house: House, tmp_path: Path, gone: str
) -> None:
    """By what it runs, as the unit's user, from a place that is gone; a second one is not."""
    house.manager.start("app")
    house.wait()
    older = tmp_path / "older"
    older.mkdir()
    script = older / ("other.py" if gone == "another program" else "app.py")
    script.write_text("import time\ntime.sleep(300)\n")
    process = house.started(sys.executable, script, cwd=older if gone == "directory" else "/")
    time.sleep(0.3)
    if gone != "nothing":
        shutil.rmtree(older)
    found = house.look()

    named = [each.pid for each in found.former]
    assert named == ([process.pid] if gone in {"script", "directory"} else [])
    assert found.strangers == ()


def test_children_belong_to_their_unit(house: House) -> None:
    """Also those whose parent is dead, by their group."""
    child = f"import os, time; os.fork() or os.fork(); time.sleep(300) # {house.root}"
    house.manager.has("app", [sys.executable, "-c", child])
    house.manager.start("app")
    time.sleep(0.3)
    found = house.look()
    pid = house.manager.look("app")["app"].pid
    table = {one.pid: one for one in processes.processes()}

    assert found.units["app"].number == len(processes.family(table, [pid])) > 1
    for each in processes.family(table, [pid]):
        os.kill(each, 9)


@pytest.mark.parametrize(
    ("said", "script"),
    [
        (["python3", "-u", "app.py", "--secret"], "app.py"),
        (["/usr/bin/python3.11", "-m", "app"], ""),
        (["bash", "/opt/app/run.sh"], "/opt/app/run.sh"),
        (["-bash"], ""),
        (["vim", "/opt/app/app.py"], ""),
        (["node", "server.js"], "server.js"),
        ([], ""),
    ],
)
def test_the_script_of_a_command_line(said: list[str], script: str) -> None:
    """Only an interpreter has one."""
    assert command_lines.script_of(said) == script


def test_a_directory_that_was_exchanged_counts_as_changed(tmp_path: Path) -> None:
    """Its files have their old times; a rename sets that of the directory's inode alone."""
    (tmp_path / "core").mkdir()

    def moved(directory: str) -> set[str]:
        with Tree(str(tmp_path)) as tree:
            return set(running.MovedDirectories(tree).of(directory))

    assert moved("core") == set()
    time.sleep(0.2)
    (tmp_path / "core").chmod(0o700)
    assert moved("core") == set()
    (tmp_path / "core").rename(tmp_path / "kept")
    (tmp_path / "kept").rename(tmp_path / "core")
    assert moved("core/deeper") == {"core/"}


def test_a_recorded_link_is_as_young_as_itself(tmp_path: Path) -> None:
    """A unit may write into what it leads to, and it may lead nowhere."""
    (tmp_path / "data").mkdir()
    for name, to in {"here": "data", "dangling": "nowhere"}.items():
        (tmp_path / name).symlink_to(to)
    time.sleep(0.05)
    (tmp_path / "data/spool").touch()

    def age(name: str, *, alone: bool) -> float:
        with Tree(str(tmp_path)) as tree:
            return running._changed(tree, name, alone=alone)  # noqa: SLF001 - no other way in

    assert age("here", alone=True) == (tmp_path / "here").lstat().st_ctime
    assert age("here", alone=False) == (tmp_path / "data").stat().st_ctime
    assert age("dangling", alone=True) == (tmp_path / "dangling").lstat().st_ctime
    assert age("dangling", alone=False) == age("dangling", alone=True)
    assert age("gone", alone=True) == 0
