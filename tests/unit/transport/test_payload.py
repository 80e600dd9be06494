"""What travels to a host: code alone, the code that we read, and not more of it than promised."""

from __future__ import annotations

import ast
import traceback

import pytest

from pytest_rollback.transport.payload import bare, imported, needed, payload, sources
from tests.unit.support.routes import answers

LARGEST = 110_000
"""Characters that the modules of one request may have: they fit into one argument of a command."""


def without_words(source: str) -> ast.Module:
    """Parse a source and leave out every statement that is nothing but a string."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not is_words(each)]  # type: ignore[attr-defined]
    return tree


def is_words(node: ast.stmt) -> bool:
    """Tell whether a statement is a docstring, or was one."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def places(tree: ast.Module) -> list[tuple[str, int, int]]:
    """Return where everything begins."""
    return [
        (type(node).__name__, node.lineno, node.col_offset)
        for node in ast.walk(tree)
        if hasattr(node, "lineno")
    ]


@pytest.mark.parametrize("module", sorted(sources()))
def test_only_words_for_people_are_left_out(module: str) -> None:
    """The code is the same and begins where it began, and nothing to read is left."""
    ours, sent = without_words(sources()[module]), without_words(bare(module))

    assert ast.dump(sent) == ast.dump(ours)
    assert places(sent) == places(ours)
    assert not [
        ast.unparse(node)
        for node in ast.walk(ast.parse(bare(module)))
        if isinstance(node, ast.stmt) and is_words(node) and ast.unparse(node) != "''"
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


@pytest.mark.parametrize("question", sorted(answers()))
def test_no_question_is_larger_than_promised(question: str) -> None:
    """Undo is the largest, for it has to know everything that can be done."""
    assert len(payload(needed([question]))) <= LARGEST


def test_undo_does_not_bring_what_only_restoring_needs() -> None:
    """Nor what asks probes, reads a repository or makes databases."""
    modules = needed(["restore.undo"])

    assert not modules & {
        *("restore.apply", "observe.probes.sample", "observe.probes.http"),
        *("backup.git", "database.clone"),
    }
    assert "restore.revert" in modules
    assert imported("rollback.undo") <= modules
