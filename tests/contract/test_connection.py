"""The agent answers the same way wherever it runs and however it is reached."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pytest_rollback.agent import protocol
from pytest_rollback.agent.messages.probes.sample import ASK, ProbeRequest, ProbeSpec
from pytest_rollback.agent.messages.system import Tools, ToolsRequest
from pytest_rollback.agent.protocol import Route
from pytest_rollback.agent.rollback.undo import PARTS
from pytest_rollback.agent.services.registry import MANAGERS
from pytest_rollback.errors import Refused, RollbackError, Unreachable
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from pytest_rollback.transport.payload import (
    BOOT,
    KEEP,
    LONGEST,
    imported,
    needed,
    packed,
    payload,
    sources,
    started,
)
from tests.contract.conftest import Place, system, tool
from tests.contract.daemon import Sshd, hang_up
from tests.unit.support.routes import answers
from tests.unit.transport.test_payload import SELDOM

TRUE = ProbeSpec(command=("/bin/true",))
PROBE = ProbeRequest(TRUE)
NOISE = tuple((os.urandom(24).hex(), "") for _ in range(6000))
LONG = ProbeRequest(TRUE._replace(headers=NOISE))
"""A request that fits into no argument, however well it is compressed."""

TOO_OLD = """exec {python} -I -c '
import sys
sys.version_info, sys.version = (3, 7, 16), "3.7.16 (default)"
at = sys.argv.index("-c", 1)
script, sys.argv[:] = sys.argv[at + 1], sys.argv[at : at + 1] + sys.argv[at + 2 :]
exec(script)' "$@"
"""
OTHER_VERSION = """exec {python} -I -c '
import importlib.util, sys
importlib.util.MAGIC_NUMBER = b"none"
at = sys.argv.index("-c", 1)
script, sys.argv[:] = sys.argv[at + 1], sys.argv[at : at + 1] + sys.argv[at + 2 :]
exec(script)' "$@"
"""
PASSING = 'printf "%s\\n" "$*" >> "$0.log"; [ "$1" = -n ] || exit 9; shift; exec "$@"'
REFUSING = '[ "$1" = -n ] || sleep 60; echo "sudo: a password is required" >&2; exit 1'
FORBIDDING = 'echo "ops is not in the sudoers file." >&2; exit 1'

NONSENSE = Call(Route("nonsense.look", ToolsRequest, Tools), ToolsRequest("/", ()))
"""A call that no agent knows."""


def leftovers() -> set[Path]:
    """Return the private files of requests that lie around."""
    places = (Path("/dev/shm"), Path(tempfile.gettempdir()))  # noqa: S108 - where they would be
    return {path for place in places for path in place.glob("rollback-*") if path.is_file()}


def gone(files: set[Path]) -> bool:
    """Return whether files are gone within a minute; other tests may be using some of them."""
    until = time.monotonic() + 60
    while any(path.exists() for path in files) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(path.exists() for path in files)


def status(connection: Connection, *requests: ProbeRequest) -> list[int]:
    """Return how often the probes of requests were answered."""
    calls = [Call(ASK, request) for request in requests or [PROBE]]
    answers = connection.ask_all(calls, deadline=20)
    return [answers.of(call).answered for call in calls]


def refusal(connection: Connection) -> RollbackError:
    """Return the error of a question."""
    with pytest.raises(RollbackError) as caught:
        status(connection)

    assert caught.value.hint
    return caught.value


def test_several_questions_cost_one_round_trip(connection: Connection) -> None:
    """Questions travel together."""
    assert status(connection, PROBE, PROBE) == [1, 1]
    assert connection.trips == 1


def test_an_unknown_question_is_refused_with_a_hint(connection: Connection) -> None:
    """What the agent cannot answer comes back as a problem, not as silence."""
    with pytest.raises(Refused, match="has no operation nonsense"):
        connection.ask(NONSENSE)


def test_a_request_longer_than_an_argument_arrives(connection: Connection) -> None:
    """Through a private file on the host, which is gone afterwards; here in memory, or as input."""
    before = leftovers()

    assert status(connection, LONG) == [1]
    assert connection.trips > 2 or connection.where.startswith(("local://", "ansible://"))
    assert gone(leftovers() - before)


def test_names_that_are_no_text_arrive_as_they_are(connection: Connection, here: Path) -> None:
    """A file name is bytes: not UTF-8, a newline in it, a dash before it."""
    name = os.fsdecode(b"-\xff\n'%s.txt")
    (here / name).write_text("")
    probe = ProbeSpec(command=("test", "-e", f"{here}/{name}"))

    assert status(connection, ProbeRequest(probe)) == [1]


def test_noise_around_the_answer_is_ignored(place: Place, tools: Path) -> None:
    """A login banner may say what it likes, before and after."""
    loud = tool(tools, "loud", f'echo "Welcome <<rollback"; {place.python} "$@"; echo bye')
    connection = Connection(system(place.url, python=str(loud)))

    assert status(connection) == [1]
    connection.close()


def test_a_host_without_python_is_named(url: str) -> None:
    """A missing python3 is one message with a way out."""
    connection = Connection(system(url, python="python-of-nowhere"))
    error = refusal(connection)
    connection.close()

    assert "python-of-nowhere was not found" in error.message
    assert "[target] python" in error.hint


def test_an_old_python_is_named(place: Place, tools: Path) -> None:
    """What is older than 3.8 says so, instead of stumbling over our syntax."""
    old = tool(tools, "old", TOO_OLD.replace("{python}", place.python))
    connection = Connection(system(place.url, python=str(old)))
    error = refusal(connection)
    connection.close()

    assert "is too old: 3.7.16" in error.message


def test_a_host_that_does_not_finish_is_given_up(url: str, tools: Path) -> None:
    """The host ends what takes too long, and the message says that it may be done or not.

    An engine that needs seconds to begin has not begun to count by then.
    """
    connection = Connection(system(url, python=str(tool(tools, "slow", "exec sleep 60"))))
    with pytest.raises(Unreachable, match=r"did not finish within 1 s|is silent for 6 s") as caught:
        connection.ask(Call(ASK, PROBE, 1.0))
    connection.close()

    assert "it checks first" in caught.value.hint


def test_work_that_is_killed_there_is_not_called_slow(url: str, tools: Path) -> None:
    """As when the host goes down: no deadline is blamed. Over ssh it looks like a lost line."""
    connection = Connection(system(url, python=str(tool(tools, "slain", "kill -9 $$"))))
    error = refusal(connection)
    connection.close()

    assert error.message.endswith(
        "is lost" if url.startswith("ssh://") else "ended early: the agent was killed"
    )
    assert "it checks first" in error.hint


def test_an_answer_that_breaks_off_says_the_last_words(url: str, tools: Path) -> None:
    """Half an answer is none."""
    broken = tool(tools, "broken", "echo '<<rollback 3 00'; echo 'Killed by the weather' >&2")
    connection = Connection(system(url, python=str(broken)))
    error = refusal(connection)
    connection.close()

    assert "incomplete answer" in error.message
    assert "Killed by the weather" in error.message


@pytest.mark.parametrize("script", ['exec {python} "$@"', OTHER_VERSION], ids=["ours", "another"])
def test_sudo_is_never_asked_to_prompt(tools: Path, script: str) -> None:
    """Short and long requests become root without a password, or not at all."""
    sudo = tool(tools, "sudo", PASSING)
    python = tool(tools, "python", script.replace("{python}", sys.executable))
    connection = Connection(system("local://", sudo=True, python=str(python)))

    assert status(connection, PROBE) == status(connection, LONG) == [1]
    log = (sudo.parent / "sudo.log").read_text().splitlines()
    assert len(log) == connection.trips
    assert all(line.startswith("-n timeout") for line in log)


@pytest.mark.parametrize(
    ("script", "said"), [(REFUSING, "asks for a password"), (FORBIDDING, "is not allowed")]
)
def test_sudo_that_refuses_is_named(tools: Path, script: str, said: str) -> None:
    """It is the setting of sudo that has to change, and the hint says which."""
    tool(tools, "sudo", script)
    error = refusal(Connection(system("local://", sudo=True)))

    assert said in error.message
    assert "NOPASSWD" in error.hint


def logins(sshd: Sshd) -> int:
    """Return how often somebody has logged in so far."""
    return (sshd.home / "log").read_text().count("Accepted publickey")


def test_one_connection_carries_everything(sshd: Sshd) -> None:
    """The host sees one login however much is asked, and nothing is left when it is closed."""
    before = logins(sshd)
    connection = Connection(system(sshd.url))
    for _ in range(3):
        status(connection)
    connection.host.run("true")
    assert connection.line
    folder = connection.line.folder
    after = logins(sshd)
    connection.close()

    assert after - before == 1
    assert not folder.exists()


def test_a_broken_connection_is_opened_again(sshd: Sshd) -> None:
    """One that broke between two questions costs the time of a new login, and nothing else."""
    connection = Connection(system(sshd.url))
    status(connection)
    hang_up(connection)

    assert status(connection) == [1]
    connection.close()


def test_an_idle_connection_ends_by_itself(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody closed does not stay; the next question opens another."""
    monkeypatch.setattr("pytest_rollback.transport.ssh.IDLE", 1)
    connection, before = Connection(system(sshd.url)), logins(sshd)
    status(connection)
    assert connection.line
    socket, until = connection.line.folder / "c", time.monotonic() + 60
    opened = logins(sshd)
    while socket.exists() and time.monotonic() < until:
        time.sleep(0.1)

    assert not socket.exists()
    assert status(connection) == [1]
    assert before < opened < logins(sshd)
    connection.close()


def test_a_closed_connection_can_be_used_again(connection: Connection) -> None:
    """Closing lets go, it forbids nothing."""
    status(connection)
    connection.close()

    assert status(connection) == [1]


def test_a_password_in_the_connection_is_never_shown() -> None:
    """Messages name the host without it."""
    assert Connection(system("ssh://ops:hunter2@shop.example:22?x=y")).where == (
        "ssh://ops@shop.example:22"
    )


def test_a_torn_answer_is_not_an_answer() -> None:
    """Length and hash are checked before anything is believed."""
    whole = protocol.frame({"answers": []})

    assert protocol.unframe(b"Welcome!\n" + whole + b"bye") == {"answers": []}
    assert protocol.unframe(whole.replace(b"answers", b"answerz")) is None
    assert protocol.unframe(whole[:-20]) is None


def test_a_long_request_that_was_damaged_is_not_carried_out(tmp_path: Path) -> None:
    """Its hash is checked before a word of it is believed; the file is gone all the same."""
    kept = tmp_path / "kept"
    kept.write_text(f"{payload(needed([]))} {packed({'ask': []})}")
    digest = hashlib.sha256(b"another").hexdigest()
    done = subprocess.run(
        [sys.executable, *started(BOOT), f"@{kept}", digest], capture_output=True, check=False
    )

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"damaged in transfer" in done.stderr
    assert not kept.exists()


@pytest.mark.parametrize("kind", ["link", "open"])
def test_a_piece_is_appended_to_no_file_but_ours(tmp_path: Path, kind: str) -> None:
    """Somebody who puts a link or a file of his own there gets nothing written."""
    target = tmp_path / "target"
    target.write_text("")
    target.chmod(0o600 if kind == "link" else 0o644)
    path = target if kind == "open" else tmp_path / "link"
    if kind == "link":
        path.symlink_to(target)
    done = subprocess.run(
        [sys.executable, *started(KEEP), str(path), "piece"], capture_output=True, check=False
    )

    assert done.returncode == 1
    assert target.read_text() == ""


def test_every_question_fits_into_one_argument() -> None:
    """What a question needs of the agent costs no second trip; looks leave room to be joined.

    But for those that start a server and a release beside the live one, once a night, or migrate
    its database.
    """
    names = set(answers()) - SELDOM.keys()
    sizes = {name: len(payload(needed([name], (), "systemd"))) for name in names}
    looks = [size for name, size in sizes.items() if name.endswith(".look")]

    assert max(sizes.values()) < LONGEST
    assert sorted(looks)[len(looks) // 2] < 2 * LONGEST / 5  # two of them, and more


@pytest.mark.parametrize("module", sorted(sources()))
def test_what_a_module_imports_is_sent_with_it(module: str) -> None:
    """The quick look at a source finds what a parser finds."""
    nodes = [n for n in ast.walk(ast.parse(sources()[module])) if isinstance(n, ast.ImportFrom)]
    found = {
        ".".join([*module.split(".")[: -node.level], *(node.module or "").split("."), *more]).strip(
            "."
        )
        for node in nodes
        if node.level
        for alias in node.names
        for more in ([], [alias.name])
    }
    found = {name.replace("..", ".") for name in found}
    if module == "rollback.undo":
        places = {place.partition(":")[0] for place in PARTS.values()}
        found |= {each[2:] if each.startswith("..") else f"rollback{each}" for each in places}
    if module == "services.registry":
        found |= {f"services{each.place.partition(':')[0]}" for each in MANAGERS.values()}

    assert imported(module) == found & sources().keys()
