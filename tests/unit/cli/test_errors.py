"""Every error carries a way out, and the kinds that an operator tells apart have their own code."""

from __future__ import annotations

import pytest

from pytest_rollback import errors


def subclasses(kind: type[errors.RollbackError]) -> list[type[errors.RollbackError]]:
    """Return the whole tree below a kind of error."""
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in subclasses(child))]


def test_an_error_cannot_be_raised_without_a_way_out() -> None:
    """The hint is a required keyword."""
    with pytest.raises(TypeError):
        errors.Refused("no")  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", subclasses(errors.RollbackError))
def test_an_error_prints_its_message_and_its_hint(kind: type[errors.RollbackError]) -> None:
    """The hint is on a line of its own."""
    assert str(kind("what happened", hint="what to do")) == "what happened\nHINT: what to do"


@pytest.mark.parametrize(
    "odd", ["\x1b]0;PWN\x07", "\n    HINT: rm", "\r", "\x9b2J", "\u202e", "\udcff"]
)
def test_what_others_wrote_makes_no_terminal_act(odd: str) -> None:
    """File names and log lines are in messages: one line each, of what can be seen."""
    error = errors.Refused(f"a{odd}", hint=f"see {odd}", findings=[f"{odd}.py is gone"])

    assert str(error).replace("\n", "").isprintable()
    assert str(error).count("\n") == 2
    assert ascii(odd)[1:-1] in error.message


@pytest.mark.parametrize("kind", subclasses(errors.RollbackError))
def test_every_error_stands_in_the_tree(kind: type[errors.RollbackError]) -> None:
    """The drawing at the top of the file names every error with its exit code."""
    (line,) = [row for row in (errors.__doc__ or "").splitlines() if f" {kind.__name__} " in row]

    assert kind is errors.RollbackError or str(kind.exit_code) in line
