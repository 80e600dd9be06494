"""The seals that a host keeps: in the state directory, and in its own log, a real journald."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pytest_rollback.agent.messages.state.seals import KeepSealRequest, KeptSealsRequest
from pytest_rollback.agent.state import seals
from tests.unit.agent.observe.logs.test_journald import JOURNALD, needs_journald

ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)
KEEPS = """
import json, sys
from pytest_rollback.agent.messages.state.seals import KeepSealRequest, KeptSealsRequest
from pytest_rollback.agent.state import seals
for run, seal in json.loads(sys.argv[1]):
    kept = seals.keep(KeepSealRequest("/nowhere", run, seal, "the run\\nended"))
"""
LOOKS = """
import json
from pytest_rollback.agent.messages.state.seals import KeptSealsRequest
from pytest_rollback.agent.state import seals
print(json.dumps(seals.look(KeptSealsRequest("/nowhere", "r1"))))
"""
SCRIPT = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
{journald} 2>/dev/null & journald=$!
until [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
setpriv --reuid 1 --clear-groups {python} -c "$KEEPS" "$FORGED"
{python} -c "$KEEPS" "$TOLD"
journalctl --sync
{python} -c "$LOOKS"
kill $journald
"""


def kept(state: Path, run: str, seal: str) -> bool:
    """Have a seal written into a state directory; return whether it was."""
    return seals.keep(KeepSealRequest(str(state), run, seal, "the run ended")).state


def test_the_state_directory_keeps_the_seals_of_each_run(tmp_path: Path) -> None:
    """In order, each run its own; where there is no state directory none is made."""
    state = tmp_path / "state"
    assert not kept(state, "r1", ONE)
    assert not state.exists()
    state.mkdir(0o700)
    assert [kept(state, "r1", ONE), kept(state, "r2", TWO), kept(state, "r1", THREE)] == [True] * 3

    found = seals.look(KeptSealsRequest(str(state), "r1"))
    assert found.state == (ONE, THREE)
    assert seals.look(KeptSealsRequest(str(state), "r3")).state == ()
    state.chmod(0o777)
    assert not kept(state, "r1", TWO)


@needs_journald
def test_the_journal_of_the_host_keeps_them(tmp_path: Path) -> None:
    """What another account wrote under our name is not ours: journald knows who wrote."""
    tmp_path.chmod(0o755)
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", SCRIPT.format(journald=JOURNALD, python=sys.executable)],
        env={
            **os.environ,
            "KEEPS": KEEPS,
            "LOOKS": LOOKS,
            "FORGED": json.dumps([("r1", THREE)]),
            "TOLD": json.dumps([("r1", ONE), ("r2", THREE), ("r1", TWO)]),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    state, log, where = json.loads(done.stdout)

    assert (state, log, where) == ([], [ONE, TWO], "the journal")


def test_a_file_of_syslog_is_read_as_it_is_written(tmp_path: Path) -> None:
    """Old and new forms of its time, and of the program's name."""
    path = tmp_path / "auth.log"
    path.write_text(
        f"Nov  1 12:00:00 host pytest-rollback: run r1 sealed {ONE}: the run ended\n"
        f"2026-11-01T12:00:01.1+01:00 host pytest-rollback[12]: run r1 sealed {TWO}: a tick\n"
        f"Nov  1 12:00:02 host sshd[1]: pytest-rollback run r1 sealed {THREE}: no\n"
        "Nov  1 12:00:02 host pytest-rollback: run r1 sealed abc: no hash\n"
    )
    assert list(seals.of_lines(seals.said(str(path)))) == [("r1", ONE), ("r1", TWO)]
    assert list(seals.said(str(tmp_path / "none"))) == []
