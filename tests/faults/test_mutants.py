"""Each engine with something left out is caught; which proof catches which is a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import tracing
from tests.faults.figures import MATRIX, caught
from tests.faults.mutants import FAILED, HARNESSES, MUTANTS, Mutant, judged, made

FEWEST = 12

pytestmark = pytest.mark.long


def test_there_are_enough() -> None:
    """A dozen that have to be caught, and more."""
    assert len({mutant.what for mutant in MUTANTS}) >= FEWEST


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what.replace(" ", "-"))
def test_a_mutant_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    """By the one test that is named for it."""
    code, said = judged(made(mutant, tmp_path), mutant.quick)

    assert code == FAILED, said


def test_the_engine_itself_is_not(tmp_path: Path) -> None:
    """A copy without any edit is not caught by the tests that catch the mutants."""
    if tracing.unavailable():
        pytest.skip(f"not run: {tracing.unavailable()}")
    code, said = judged(made(Mutant("none", (), ""), tmp_path), *HARNESSES["intruder"])

    assert code == 0, said


@pytest.mark.skipif(not MATRIX, reason="not run: make mutants runs every proof on each mutant")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what.replace(" ", "-"))
def test_which_proof_catches_which(mutant: Mutant, tmp_path: Path) -> None:
    """Every proof on each mutant: a row of the table; nothing catches none of them."""
    place = made(mutant, tmp_path)
    codes = {name: judged(place, *nodes)[0] for name, nodes in HARNESSES.items()}
    caught(mutant.what, {name: code == FAILED for name, code in codes.items()})

    assert set(codes.values()) <= {0, FAILED}, codes
    assert any(codes.values())
