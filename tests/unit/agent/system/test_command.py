"""Commands run in bounded time, whatever they do with their output, children and signals."""

from __future__ import annotations

import os
import pwd
import shlex
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.system import command
from pytest_rollback.agent.system.command import MOST, run
from pytest_rollback.agent.system.processes import members

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = pwd.getpwnam("nobody")


def python(code: str) -> list[str]:
    """Return the argv that runs a piece of Python."""
    return [sys.executable, "-c", code]


def test_the_outcome_has_code_output_and_words() -> None:
    """A failing command comes back with its code, both streams and its last line."""
    outcome = run(python("import sys; print('out'); sys.exit('last words')"), 10)

    assert (outcome.code, outcome.out, outcome.words) == (1, "out\n", "last words")


def test_a_missing_command_is_an_outcome() -> None:
    """A command that is not there has code 127 and says so; it is not an exception."""
    outcome = run(["no-such-command-here"], 1)

    assert (outcome.code, outcome.missing) == (127, True)


def test_a_missing_directory_is_not_a_missing_command(tmp_path: Path) -> None:
    """What is missing is told apart: here it is the working directory."""
    outcome = run(["true"], 1, cwd=str(tmp_path / "gone"))

    assert (outcome.code, outcome.missing) == (126, False)


def test_a_file_that_is_no_program_is_an_outcome(tmp_path: Path) -> None:
    """A file without the right to be executed has code 126."""
    (tmp_path / "tool").write_text("x")

    assert run([str(tmp_path / "tool")], 1).code == 126


def test_a_command_that_ignores_sigterm_is_killed_in_time() -> None:
    """The deadline holds for a command that ignores SIGTERM."""
    outcome = run(["sh", "-c", "trap '' TERM; echo deaf; sleep 300"], 1)

    assert outcome.timed_out
    assert outcome.out == "deaf\n"
    assert outcome.seconds < 300


def test_the_whole_group_dies_at_the_deadline(tmp_path: Path) -> None:
    """A child of the command does not survive the command's deadline."""
    pid = tmp_path / "pid"
    run(["sh", "-c", f"sleep 300 & echo $$ > {pid}; wait"], 1)

    assert members(int(pid.read_text())) == []


def test_a_child_may_end_well_when_its_parent_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL is for what is left after a moment, not for what is about to end."""
    monkeypatch.setattr(command, "GRACE", 60.0)
    done = tmp_path / "done"
    child = f"trap 'sleep 0.2; echo end > {done}; exit' TERM; while :; do sleep 0.1; done"
    parent = f"bash -c {shlex.quote(child)} & exec sleep 60"
    run(["bash", "-c", parent], 2)

    assert done.read_text() == "end\n"


def test_a_background_child_with_our_output_delays_nobody() -> None:
    """A grandchild that keeps stdout open does not keep us waiting, and is left alone."""
    code = "import subprocess,sys; p=subprocess.Popen(['sleep','300']); print(p.pid)"
    outcome = run(python(code), 60)
    os.kill(int(outcome.out), 9)

    assert outcome.seconds < 60
    assert not outcome.timed_out


def test_a_signal_we_ignore_is_not_ignored_by_the_command() -> None:
    """The command starts with the default signal handling, whatever ours is."""
    code = "import signal; print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        outcome = run(python(code), 5)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert outcome.out == "True\n"


def test_output_beyond_the_limit_is_cut_and_said_so() -> None:
    """Only the first mebibyte is kept, and the outcome says that there was more."""
    outcome = run(python(f"print('x' * {2 * MOST})"), 10)

    assert (len(outcome.out), outcome.cut, outcome.code) == (MOST, True, 0)


def test_a_flood_is_ended() -> None:
    """A command that writes without end is ended long before its deadline."""
    outcome = run(["yes"], 300)

    assert outcome.cut
    assert not outcome.timed_out
    assert outcome.seconds < 300


def test_bytes_that_are_no_text_come_back_unchanged() -> None:
    """Output that is not UTF-8 survives the way through text."""
    outcome = run(python(r"import sys; sys.stdout.buffer.write(b'\xff\xfe')"), 5)

    assert os.fsencode(outcome.out) == b"\xff\xfe"


def test_stdin_is_given_and_ends() -> None:
    """The command reads what it is given, then the end."""
    assert run(["cat"], 5, stdin=b"hello").out == "hello"


def test_the_environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of our environment reaches the command but PATH and HOME."""
    monkeypatch.setenv("SECRET", "value")
    names = run(["env"], 5).out

    assert sorted(line.partition("=")[0] for line in names.splitlines()) == [
        "HOME",
        "LC_ALL",
        "PATH",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_command_runs_as_the_user() -> None:
    """User, group and groups are those of the account, none of ours."""
    outcome = run(["id", "-G"], 5, user="nobody")
    uid = run(["id", "-u"], 5, user="nobody")

    assert (uid.out, outcome.out) == (f"{NOBODY.pw_uid}\n", f"{NOBODY.pw_gid}\n")


def test_an_unknown_user_is_a_problem() -> None:
    """A user that does not exist is said by name."""
    with pytest.raises(HostError, match="no user 'nemo-is-nobody'"):
        run(["true"], 1, user="nemo-is-nobody")
