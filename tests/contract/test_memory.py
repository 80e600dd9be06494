"""A Python on this machine finds its request in our memory; any other gets sources."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.system import Tools, ToolsRequest
from pytest_rollback.agent.protocol import Route
from pytest_rollback.errors import Refused
from pytest_rollback.transport import memfd
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from pytest_rollback.transport.payload import needed, sources, started
from tests.contract.conftest import system, tool
from tests.contract.test_connection import LONG, OTHER_VERSION, PROBE, gone, leftovers, status

MODULES = needed(["probes.ask"])
REQUEST = {"protocol": 1, "ask": [], "deadline": 5.0, "secrets": []}
SOMEBODY = "exec setpriv --reuid 65534 --regid 65534 --clear-groups {python} "
NOTED = """printf "%s" "$*" | wc -c >> "$0.log"; exec {python} "$@"\n"""


def near(tools: Path, script: str) -> Connection:
    """Return a connection to this machine whose Python is a script's."""
    path = tool(tools, "python", script.replace("{python}", sys.executable))
    return Connection(system("local://", python=str(path)))


def test_nothing_is_sent_to_a_python_here(tools: Path) -> None:
    """However long a request is, its arguments are a few lines, and there is one round trip."""
    connection = near(tools, NOTED)
    before = leftovers()

    assert status(connection, LONG) == [1]
    assert connection.trips == 1
    assert gone(leftovers() - before)
    (length,) = (tools / "python.log").read_text().split()
    assert int(length) < 3000


@pytest.mark.parametrize(
    "script", [OTHER_VERSION, SOMEBODY + '"$@"\n'], ids=["of another version", "of somebody else"]
)
def test_who_cannot_use_our_memory_is_given_sources(tools: Path, script: str) -> None:
    """It says so before anything is done, and is not asked to try again."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else, with setpriv")
    connection = near(tools, script)

    assert status(connection, PROBE) == [1]
    assert connection.trips == 2
    assert status(connection, PROBE) == [1]
    assert connection.trips == 3
    assert status(connection, LONG) == [1]


def test_an_answer_that_holds_the_word_is_an_answer() -> None:
    """A name or a line of a log may say anything; nothing is done twice for that."""
    connection = Connection(system("local://"))
    with pytest.raises(Refused, match="sources-please"):
        connection.ask(
            Call(Route(memfd.OTHER.decode(), ToolsRequest, Tools), ToolsRequest("/", ()))
        )

    assert connection.trips == 1


def test_where_memory_takes_no_file_sources_are_sent() -> None:
    """As under a limit of the shell's, or in a container that knows no such files."""
    connection = Connection(system("local://"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        found = status(connection, PROBE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert (found, connection.trips) == ([1], 2)


def begun(words: tuple[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Start a Python for what lies in memory; return how it ended."""
    argv = [sys.executable, *started(memfd.BOOT), *words]
    return subprocess.run(argv, capture_output=True, check=False, timeout=20)


@pytest.mark.parametrize("there", ["nothing", "a pipe", "another request"])
def test_who_comes_too_late_finds_nothing_to_do(there: str) -> None:
    """Its request is gone; what has the same number now is not taken for it."""
    reader, writer = os.pipe()
    with memfd.held(MODULES, REQUEST) as (path, sign):
        assert memfd.OTHER not in begun((path, sign)).stdout
    found = {"nothing": 999, "a pipe": reader, "another request": int(path.rpartition("/")[2])}
    late = f"/proc/{os.getpid()}/fd/{found[there]}"
    with memfd.held(MODULES, REQUEST) as other:
        assert (other[0] == late) == (there == "another request")
        assert begun((late, sign)).stdout.strip() == memfd.OTHER
    os.close(reader)
    os.close(writer)


def test_what_is_compiled_is_our_source() -> None:
    """A bug on this machine is found by the file and the line that its traceback names."""
    with memfd.held(MODULES, {**REQUEST, "ask": 7}) as words:
        done = begun(words)

    assert done.returncode == 1
    assert b"agent/main.py" in done.stderr
    assert b'for question in request["ask"]' in done.stderr


def test_what_was_replaced_on_the_disk_is_not_mixed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback may bring back another version of this very tool: the run ends as it began."""
    began = {**sources(), "errors": "WHEN = 'the run began'\n"}
    monkeypatch.setattr(memfd, "sources", lambda: began)
    memfd.compiled.cache_clear()
    code, source = memfd.compiled("errors")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - as the agent does
    memfd.compiled.cache_clear()

    assert source == began["errors"]
    assert names["WHEN"] == "the run began"
    assert code.co_filename.endswith("agent/errors.py")
