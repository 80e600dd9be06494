"""A connection that is lent: no further login, and one of its own where the lender's has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.manifest.values import shown_connection
from pytest_rollback.transport.connection import Connection
from pytest_rollback.transport.ssh import LENT, SshLine
from tests.contract.conftest import system
from tests.contract.daemon import Sshd, hang_up


@pytest.fixture
def lender(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshLine]:
    """A connection that is open, and that the environment tells of."""
    line = SshLine(sshd.url, shown_connection(sshd.url))
    line.open()
    for name, value in line.loan.items():
        monkeypatch.setenv(name, value)
    yield line
    line.close()


def session(connection: Connection) -> str:
    """Return the sshd that carries a question: the port that it came from."""
    return str(connection.host.check_output("echo $SSH_CONNECTION")).split()[1]


def test_a_lent_connection_is_used_and_left_open(lender: SshLine, sshd: Sshd, here: Path) -> None:
    """Two runs, one login; neither leaves anything of its own."""
    ports, folders = set(), []
    for _ in range(2):
        connection = Connection(system(sshd.url, str(here)))
        ports.add(session(connection))
        assert connection.line
        folders.append(connection.line.folder)
        connection.close()
    kept = Connection(system(sshd.url, str(here)), lender)
    ports.add(session(kept))
    kept.close()
    assert len(ports) == 1
    assert (lender.folder / "c").exists()
    assert not any(each.exists() for each in folders)


def test_where_it_has_ended_a_run_opens_one_of_its_own(
    lender: SshLine, sshd: Sshd, here: Path
) -> None:
    """Before its first question, and in the middle of its work."""
    connection = Connection(system(sshd.url, str(here)))
    first = session(connection)
    hang_up(connection)  # which is the lender's
    assert not (lender.folder / "c").exists()
    assert connection.line
    connection.line.lost()
    connection.line.open()
    assert session(connection) != first
    assert not (connection.line.folder / "c").is_symlink()
    connection.close()

    late = Connection(system(sshd.url, str(here)))
    assert session(late)
    assert late.line
    assert not (late.line.folder / "c").is_symlink()
    late.close()


def test_one_to_another_host_is_not_taken(
    lender: SshLine, sshd: Sshd, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leads where the lender goes, and nowhere else."""
    monkeypatch.setenv(LENT, os.environ[LENT].replace("@127.0.0.1", "@127.0.0.2"))
    connection = Connection(system(sshd.url, str(here)))
    assert session(connection)
    assert connection.line
    assert not (connection.line.folder / "c").is_symlink()
    assert lender.folder != connection.line.folder
    connection.close()


KILLED = """
import os, signal, sys
from pytest_rollback.transport.ssh import SshLine
line = SshLine(sys.argv[1], "it")
line.open()
print(line.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_by_the_next_one(
    sshd: Sshd, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before its connection has ended, nor where the process is alive, nor anything else."""
    monkeypatch.setattr("tempfile.tempdir", str(here))
    mine = here / f"rollback-{os.getpid()}-mine"
    command = [sys.executable, "-c", KILLED, sshd.url]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(here)}
    )
    folder = Path(process.communicate()[0].strip())
    full = here / f"rollback-{process.pid}-full"
    for each in (mine, full):
        each.mkdir()
    (full / "file").touch()

    SshLine(sshd.url, "it").close()
    assert (folder / "c").is_socket()
    subprocess.run(["ssh", "-S", folder / "c", "-O", "exit", "it"], check=True, capture_output=True)
    SshLine(sshd.url, "it").close()
    assert (folder.exists(), mine.exists(), (full / "file").exists()) == (False, True, True)
