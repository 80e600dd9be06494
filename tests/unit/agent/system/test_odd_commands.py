"""Commands at the edges: interrupted, without memory for their words, with an account to become."""

from __future__ import annotations

import os
import pwd
import signal
import threading
import time

import pytest

from pytest_rollback.agent.system import command, processes
from pytest_rollback.agent.system.processes import members
from tests.unit.support.apart import ROOT_ONLY, apart, injected


class Stopped(BaseException):
    """Somebody stopped us."""


def test_a_command_ends_with_whoever_waits_for_it() -> None:
    """An interrupt while it runs leaves nothing behind: its group is killed."""

    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGUSR1, stop)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(Stopped):
            command.run(["sh", "-c", "exec sleep 61.25"], 20.0)
    finally:
        timer.cancel()
        signal.signal(signal.SIGUSR1, before)
    until = time.monotonic() + 10
    while sleeping() and time.monotonic() < until:
        time.sleep(0.01)

    assert not sleeping()


def sleeping() -> bool:
    """Tell whether the command of the test above still runs."""
    found = command.run(["pgrep", "-f", "^sleep 61.25"], 5.0)
    return any(members(int(pid)) for pid in found.out.split())


def test_where_there_are_no_files_in_memory_words_go_to_the_disk() -> None:
    """Old kernels have none, and a full table of files is no reason to lose what a command says."""

    def said() -> str:
        return command.run(["sh", "-c", "cat; echo words >&2"], 5.0, stdin=b"given ").out

    assert injected(said, "memfd_create:error=ENOSYS:when=1+") == "given "


@ROOT_ONLY
def test_a_command_forgets_our_signals_and_becomes_the_account() -> None:
    """Before its first instruction, its groups included; without one it stays who we are."""
    nobody, root = pwd.getpwnam("nobody"), pwd.getpwnam("root")

    def entered(account: pwd.struct_passwd | None) -> None:
        os.setgroups([54321])
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        command.entering(account)()
        handlers = {signal.getsignal(each) for each in (signal.SIGHUP, signal.SIGINT)}
        found = os.getresuid(), os.getresgid(), os.getgroups(), handlers == {signal.SIG_DFL}
        os.write(1, repr(found).encode())

    for account in (nobody, root):
        groups = os.getgrouplist(account.pw_name, account.pw_gid)
        wanted = (account.pw_uid,) * 3, (account.pw_gid,) * 3, groups, True
        assert apart(lambda account=account: entered(account)) == (0, repr(wanted))  # type: ignore[misc]
    assert apart(lambda: entered(None)) == (0, repr(((0,) * 3, (0,) * 3, [54321], True)))


def test_a_process_that_ends_meanwhile_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was listed, and is gone when it is read."""
    listed = os.listdir

    def also_one_that_ended(path: str) -> list[str]:
        return [*listed(path), "999999999"] if path == "/proc" else listed(path)

    monkeypatch.setattr(os, "listdir", also_one_that_ended)
    found = [each.pid for each in processes.processes()]

    assert os.getpid() in found
    assert 999999999 not in found
