"""Groups of a real supervisord: all processes of one program, or of several, as one unit."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from pytest_rollback.agent.services import registry
from pytest_rollback.agent.services.supervisor_info import configured, named
from pytest_rollback.agent.services.supervisord import Supervisord as Manager
from pytest_rollback.agent.system.processes import members, processes
from tests.unit.agent.services import test_supervisord
from tests.unit.agent.services.test_supervisord import STUBBORN, Supervisord

supervisord = test_supervisord.supervisord
POOL = f"""
[program:pool]
command={sys.executable} -c "{STUBBORN}"
numprocs=2
process_name=%(program_name)s_%(process_num)02d
autostart=false
startsecs=0
stopwaitsecs=60
[group:pair]
programs=steady,family
"""


def test_a_group_starts_runs_and_stops_as_one(supervisord: Supervisord) -> None:
    """All processes of a program, or of several: by the name that supervisorctl takes."""
    supervisord.write(more=POOL)
    supervisord.reload()
    before = supervisord.look("pair:*", "pair")
    supervisord.start("pair:*")
    found = registry.of(supervisord.address).state("pair:*")
    part = supervisord.stop("pair:steady")
    half = supervisord.look("pair:*")["pair:*"]
    supervisord.start("pair:*")
    again = registry.of(supervisord.address).state("pair:*")
    children = [one for pid in again.pids for one in members(pid)]
    supervisord.stop("pair:*")

    assert (before["pair:*"].state, before["pair"].known) == ("inactive", False)
    assert "whose name is pair:*" in before["pair"].detail
    assert (found.state.state, len(found.pids), part.killed) == ("active", 2, False)
    assert half.state not in {"active", "inactive", "failed"}
    assert again.state.state == "active"
    assert len(set(again.pids) & set(found.pids)) == 1
    assert supervisord.look("pair:*")["pair:*"].state == "inactive"
    assert len(children) > len(again.pids)
    assert [one for pid in again.pids for one in members(pid)] == []


def wait_until_stubborn(pids: Iterable[int]) -> None:
    """Wait until each process ignores, or handles, SIGTERM: at its start it does not yet."""
    bit, until = 1 << (signal.SIGTERM - 1), time.monotonic() + 30
    for pid in pids:
        while time.monotonic() < until:
            said = Path(f"/proc/{pid}/status").read_text()
            if any(int(each, 16) & bit for each in re.findall(r"Sig(?:Ign|Cgt):\s+(\w+)", said)):
                break
            time.sleep(0.05)


def test_each_process_of_a_stubborn_group_is_killed(supervisord: Supervisord) -> None:
    """At the deadline; and one that is named alone leaves the other, which is said."""
    supervisord.write(more=POOL)
    supervisord.reload()
    supervisord.start("pool:*")
    manager = registry.of(supervisord.address)
    pids = manager.state("pool:*").pids
    wait_until_stubborn(pids)
    table = {one.pid: one for one in processes()}
    parts = manager.parts(["pool:*", "pool:pool_00"], str(supervisord.home), table)
    alone = manager.parts(["pool:pool_00"], str(supervisord.home), table)["pool:pool_00"]
    stopped = supervisord.stop("pool:*", timeout=0.5)

    assert parts["pool:*"].processes >= set(pids)
    assert parts["pool:*"].left == parts["pool:pool_00"].left == ""
    assert alone.left.startswith("pool:pool_01 of the same program is no component's")
    assert stopped.killed
    assert [one for pid in pids for one in members(pid)] == []


def test_the_programs_of_a_group_are_guarded_and_have_files(tmp_path: Path) -> None:
    """All of them, wherever the group is described; one process alone is one of its program."""
    (tmp_path / "one.conf").write_text("[program:api]\ncommand=a\n[program:plain]\ncommand=p\n")
    (tmp_path / "two.ini").write_text("[program:jobs]\ncommand=j\nnumprocs=2\n")
    (tmp_path / "group.conf").write_text(
        "[group:shop]\n; said\npriority=5\nprograms=api,\n  jobs\n[group:none]\npriority=1\n"
    )
    programs = configured(str(tmp_path))
    units = ["shop:*", "shop:jobs_00", "shop:api", "plain", "plain:plain", "gone"]
    guard = Manager.guard(str(tmp_path), ["shop:*", "plain", "gone"], "")

    assert [named(unit, programs) for unit in units] == [
        ["api", "jobs"],
        ["api", "jobs"],
        ["api"],
        ["plain"],
        ["plain"],
        [],
    ]
    assert {file.path: file.text.count("[program:") for file in guard.files} == {
        "zz-rollback-guard.conf": 2,
        "zz-rollback-guard.ini": 1,
    }
    assert guard.unguarded == ["gone"]
