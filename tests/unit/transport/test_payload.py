"""What travels to a host: code alone, the code that we read, and not more of it than promised."""

from __future__ import annotations

import ast
import base64
import contextlib
import subprocess
import sys
import traceback
import zlib
from statistics import median

import pytest

from pytest_rollback.agent.database.messages import ENGINES
from pytest_rollback.agent.messages.secrets import SECRETS as SECRETS_LOOK
from pytest_rollback.agent.protocol import PROTOCOL, unframe
from pytest_rollback.agent.services.registry import MANAGERS
from pytest_rollback.transport import memfd
from pytest_rollback.transport.payload import (
    BOOT,
    LONGEST,
    arguments,
    bare,
    fit,
    heard,
    imported,
    is_refused,
    needed,
    packed,
    payload,
    places,
    sources,
    started,
)

LARGEST, MEDIAN, SECRETS = 86_000, 39_500, 18_000
"""Characters that the modules of one request may have. An argument of a command holds twice that,
but every request pays for what it brings. Half of all routes ask units: managers tell groups and
kinds of units, and what keeps one from being handled. Whoever asks for a run may have to read its
journal, where its lease was lost; whoever reads a path that somebody else can write brings what
keeps it from being led away. Without parts the median is the highest. What takes secrets out of
answers comes with each request to a system that declares secret files."""

SELDOM = {
    "database.downgrade": 130_000,
    "database.downgrade.look": 130_000,
    "database.downgrade.rehearse": 186_000,
    "database.previous": 174_000,
    "packages.configuration": 101_000,
    "packages.trial": 101_000,
    "survey.look": 88_000,
}
"""Those that are asked once a night, and do what a trial, a rehearsal and probes do in one: they go
through a private file. A host is surveyed before it is described, and after that on demand. A
database is migrated back where its description says so, as the account that a trial finds. Systems
of packages alone have archives unpacked for a trial."""


def meant(module: str, source: str) -> ast.Module:
    """Parse a source and leave out what people and mypy read: see `bare_source`."""
    tree = ast.parse(source)
    tree.body = [constant(each) for each in tree.body]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not is_words(each)]  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef):
            without_types(node, int(node.name in heard(module)))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "typing":
            node.names = [each for each in node.names if each.name in names]
    tree.body = [each for each in tree.body if getattr(each, "names", True)]
    return tree


def constant(node: ast.stmt) -> ast.stmt:
    """Return a statement of a module without the type of what it gives a value to."""
    if not isinstance(node, ast.AnnAssign) or node.value is None:
        return node
    return ast.copy_location(ast.Assign([node.target], node.value), node)


def without_types(node: ast.FunctionDef, kept: int) -> None:
    """Take the types of a function away, but for the first so many parameters."""
    node.returns = None
    several = [node.args.vararg, node.args.kwarg]
    listed = [*node.args.args, *node.args.kwonlyargs, *filter(None, several)]
    for each in listed[kept:]:
        each.annotation = None


def is_words(node: ast.stmt) -> bool:
    """Tell whether a statement is a docstring, or was one."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def begins(tree: ast.Module) -> list[tuple[str, int]]:
    """Return the line in which everything begins but names of `typing`, which are put together."""
    return [
        (type(node).__name__, node.lineno)
        for node in ast.walk(tree)
        if hasattr(node, "lineno") and not isinstance(node, ast.alias)
    ]


@pytest.mark.parametrize("module", sorted(sources()))
def test_only_what_python_does_not_run_is_left_out(module: str) -> None:
    """The code is the same and begins in the line where it began, and nothing to read is left."""
    ours, sent = meant(module, sources()[module]), ast.parse(bare(module))

    assert ast.dump(meant(module, bare(module))) == ast.dump(ours)
    assert begins(meant(module, bare(module))) == begins(ours)
    words = [node for node in ast.walk(sent) if isinstance(node, ast.stmt) and is_words(node)]
    assert {ast.unparse(node) for node in words} <= {"''"}
    assert not [
        node.lineno
        for node in ast.walk(sent)
        if isinstance(node, ast.FunctionDef) and node.returns is not None
    ]
    assert bare(module).count("\n") == sources()[module].count("\n")


def test_a_traceback_names_the_line_that_we_see() -> None:
    """What fails on a host is found in the repository by its line."""
    names: dict[str, object] = {"__name__": "sent", "__package__": "pytest_rollback.agent"}
    exec(compile(bare("protocol"), "protocol.py", "exec"), names)  # noqa: S102 - as the agent does
    with pytest.raises(TypeError) as told:
        names["unframe"](None)  # type: ignore[operator]
    lines = [each.lineno for each in traceback.extract_tb(told.tb) if each.name == "unframe"]

    assert ["search" in sources()["protocol"].splitlines()[(line or 0) - 1] for line in lines] == [
        True
    ]


USUAL = ("systemd", "supervisord")
"""The managers of most systems; what a host of another one is sent may be larger."""


def size(*questions: str) -> int:
    """Return how much is sent for questions, to a system of one of the usual managers."""
    return max(len(payload(needed(questions, (), manager))) for manager in USUAL)


@pytest.mark.parametrize("question", sorted(places()))
def test_no_question_is_larger_than_promised(question: str) -> None:
    """The largest is that of exports, which know all logs, also those of containers."""
    assert size(question) <= SELDOM.get(question, LARGEST)


@pytest.mark.parametrize("manager", sorted(MANAGERS))
def test_only_the_manager_of_a_system_is_sent(manager: str) -> None:
    """What reads the others stays here; without a manager all of them are sent."""
    own = f"services{MANAGERS[manager].place.partition(':')[0]}"
    every = {f"services{each.place.partition(':')[0]}" for each in MANAGERS.values()}

    assert every & needed(["units.look"], (), manager) == {own}
    assert every <= needed(["units.look"])
    assert len(payload(needed(["units.look"], (), manager))) < LONGEST


@pytest.mark.parametrize("question", ["restore.undo", "units.look", "exports.look"])
def test_taking_secrets_out_adds_no_more_than_promised(question: str) -> None:
    """And all of it still fits into one argument."""
    with_it = size(question, SECRETS_LOOK.name)

    assert with_it - size(question) <= SECRETS
    assert with_it <= LARGEST + SECRETS < LONGEST


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_an_undo_brings_the_one_engine_of_a_system(engine: str) -> None:
    """And still fits into one argument, with what takes secrets out."""
    modules = needed(["restore.undo", SECRETS_LOOK.name], (f"database.{engine}.swap",), "systemd")
    others = {f"database.{each}.swap" for each in ENGINES} - {f"database.{engine}.swap"}

    assert f"database.{engine}.swap" in modules
    assert not others & modules
    assert len(payload(modules)) < LONGEST


MANY = ("trial.entry", "configuration.look", "restore.look", "guard.look", SECRETS_LOOK.name)
"""Questions that together are too many for one argument, as all looks of a plan are."""


def started_with(python: str, words: tuple[str, ...]) -> bytes:
    """Return what a Python says that is started with arguments."""
    run = [sys.executable, "-I", "-c", f"{python}import sys;{RUN}", *started(BOOT)[4:], *words]
    return subprocess.run(run, capture_output=True, check=True).stdout


RUN = "sys.flags;exec(__import__('base64').b64decode(sys.argv.pop(1)))"
LACKING = "import sys;sys.modules['_bz2']=None;"
"""What takes bz2 from a Python."""


def test_many_questions_at_once_are_compressed_denser() -> None:
    """They fit again, and are the same; a Python without bz2 says so, and does nothing."""
    modules, request = needed(MANY), {"protocol": PROTOCOL, "ask": []}
    dense, plain = (arguments(modules, request, plain=each) for each in (False, True))
    lengths = [sum(map(len, each)) for each in (plain, dense)]

    assert lengths[0] > LONGEST > lengths[1]
    assert (unframe(started_with("", dense)) or {})["answers"] == []
    said = started_with(LACKING, dense)
    assert (is_refused(said), unframe(said)) == (True, None)


def test_most_questions_are_small() -> None:
    """A constant that lies in a heavy module makes many of them larger at once."""
    usual = (question for question in places() if question not in SELDOM)
    assert median(map(size, usual)) <= MEDIAN


@pytest.mark.parametrize("question", sorted(places()))
def test_what_travels_is_all_that_answers(question: str) -> None:
    """The modules of one route start by themselves, and read the type of the request."""
    request = {"protocol": PROTOCOL, "ask": [{"route": question, "request": None}]}
    modules = needed([question])
    words = payload(modules), packed(request)
    with contextlib.ExitStack() as stack:
        script = BOOT
        if not fit(words):  # through a private file: here through memory
            script, words = memfd.BOOT, stack.enter_context(memfd.held(modules, request))
        command = [sys.executable, *started(script), *words]
        done = subprocess.run(command, capture_output=True, check=True)
    said = unframe(done.stdout) or {}

    assert [each["problem"]["hint"] for each in said["answers"]] == [
        "use one version of pytest-rollback on both sides"
    ]


def test_the_table_that_travels_lists_what_can_be_answered() -> None:
    """The other routes are left out, and no line is moved by that."""
    sent = zlib.decompress(base64.b64decode(payload(needed(["units.look"])))).decode().split("\0")
    table = dict(zip(sent[::2], sent[1::2], strict=True))["routes"]

    assert [line for line in table.split("\n") if ":look" in line] == [
        ' "units.look": "services.units:look",'
    ]
    assert table.count("\n") == sources()["routes"].count("\n")


def test_a_look_brings_no_reader_that_it_does_not_use() -> None:
    """Constants and types lie where they bring nothing: readers of units go with their routes."""
    readers = {"configuration.units.systemd", "configuration.units.supervisord"}

    assert not readers & needed(
        ["restore.undo", "database.postgresql.restore", "units.start", "guard.on"]
    )
    assert "state.backup_set" not in needed(["units.look"])
    assert "backup.git" not in needed(["needs.rights", "needs.space"])
    assert readers <= needed(["trial.look"])


def test_undo_does_not_bring_what_only_restoring_needs() -> None:
    """Nor what asks probes, reads a repository or makes databases."""
    modules = needed(["restore.undo"])

    assert not modules & {
        *("restore.apply", "observe.probes.sample", "observe.probes.http"),
        *("backup.git", "database.postgresql.clone"),
    }
    assert "restore.revert" in modules
    assert imported("rollback.undo") <= modules
