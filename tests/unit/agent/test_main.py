"""The agent's front door: an answer to each question, a problem with a way out, and no secret."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent import main
from pytest_rollback.agent import protocol as protocol_module
from pytest_rollback.agent.configuration.secrets import declared
from pytest_rollback.agent.messages.location import Location, Selection
from pytest_rollback.agent.messages.restore import SHARED_BACKUPS, SharedRequest
from pytest_rollback.agent.messages.rollback.files import FilesRequest
from pytest_rollback.agent.messages.secrets import SecretFiles
from pytest_rollback.agent.messages.state.runs import RUNS, RunsRequest
from pytest_rollback.agent.messages.system import TOOLS, Tools, ToolsRequest
from pytest_rollback.agent.state import last_sign
from pytest_rollback.agent.system import tools
from pytest_rollback.transport.call import Call
from tests.unit.support.requests import located


@pytest.fixture(autouse=True)
def _own_process() -> Iterator[None]:
    """The agent has a process to itself; here it is ours, and gets back what it changed."""
    numbers = (signal.SIGHUP, signal.SIGPIPE)
    kept, threshold = [signal.getsignal(number) for number in numbers], gc.get_threshold()
    yield
    for number, handler in zip(numbers, kept, strict=True):
        signal.signal(number, handler)
    gc.set_threshold(*threshold)


def served(question: dict[str, Any], *secret_files: Path) -> dict[str, Any]:
    """Return the answer to a question, as it reaches the one who asked."""
    files = SecretFiles("/", "/nowhere", ".backup", tuple(str(path)[1:] for path in secret_files))
    request = {"ask": [question], "secrets": files}
    said = protocol_module.unframe(b"Welcome!\n" + main.serve(request) + b"logout\n")
    assert said is not None
    (answer,) = said["answers"]
    return dict(answer)


@pytest.fixture
def env(tmp_path: Path) -> Path:
    """A file with secrets."""
    file = tmp_path / ".env"
    file.write_text(
        "TOKEN='s3cret-token'\nPORT=8080\nPASSWORD=abc\n"
        "URL=postgresql://shop:hunter2hunter2@db/shop\nnot a pair\n"
    )
    return file


def test_secrets_are_known_by_name_and_inside_addresses(env: Path, tmp_path: Path) -> None:
    """One that is too short would blot out half of every answer; a missing file has none."""
    files = SecretFiles(str(tmp_path), "/nowhere", ".backup", (env.name, "nowhere"))

    assert declared.known(files).values == {"s3cret-token", "hunter2hunter2"}


def test_no_answer_holds_a_secret(env: Path) -> None:
    """Not as a key, a value or an item of a list; all else is as it was."""
    said = {"s3cret-token": ["at hunter2hunter2", 7, None, {"port": "8080"}]}
    files = SecretFiles(str(env.parent), "/nowhere", ".backup", (env.name,))
    found = declared.masked(said, files, ())

    assert found == {"***": ["at ***", 7, None, {"port": "8080"}]}


def test_a_question_that_nobody_knows_is_a_problem() -> None:
    """Two versions that do not know each other say so."""
    answer = served({"route": "no.such", "request": []})

    assert answer["problem"]["message"] == "the agent has no operation no.such"
    assert answer["problem"]["hint"]


def test_what_the_host_refuses_has_its_path_and_a_way_out(env: Path) -> None:
    """The path of what could not be opened, without the secret that is part of it."""
    place = env.parent / "s3cret-token"
    request = FilesRequest(Location(str(place), str(place), ".backup"), Selection(()))
    answer = served({"route": "added.look", "request": request}, env)

    said = f"the state directory {env.parent}/*** does not exist"
    assert answer["problem"]["message"] == said
    assert answer["problem"]["hint"]


def broken(request: ToolsRequest) -> Tools:
    """Fail as a bug of ours does."""
    return Tools(dict(request.commands))


def test_a_bug_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its traceback: it has to reach the one who can report it."""
    monkeypatch.setattr(tools, "look", broken)
    answer = served(Call(TOOLS, ToolsRequest("/", ("word",))).asked())

    assert "ValueError" in answer["bug"]


def test_a_holder_that_asks_is_alive(tmp_path: Path) -> None:
    """Each request that says where a run lies; who only asks about a run is not its holder."""
    folder = tmp_path / "runs" / "r1"
    folder.mkdir(parents=True)
    served(Call(RUNS, RunsRequest(str(tmp_path), "r1")).asked())
    assert last_sign.silence(str(folder)) is None
    where = located(tmp_path / "root", tmp_path)
    served(Call(SHARED_BACKUPS, SharedRequest(where)).asked())

    assert last_sign.silence(str(folder)) is not None


@pytest.mark.parametrize(
    ("error", "what"),
    [(MemoryError(), "memory"), (RuntimeError("can't start new thread"), "threads")],
)
def test_a_host_that_gives_us_no_more_is_no_bug_of_ours(
    monkeypatch: pytest.MonkeyPatch, error: Exception, what: str
) -> None:
    """One sentence, and where to look; the same command goes on."""

    def short(_request: ToolsRequest) -> Tools:
        raise error

    monkeypatch.setattr(tools, "look", short)
    problem = served(Call(TOOLS, ToolsRequest("/", ())).asked())["problem"]

    assert problem["message"] == f"tools.look: the host gives us no more {what}"
    assert "ulimit -a" in problem["hint"]
