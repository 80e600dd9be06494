"""What leaves something out of the engine still finds its place there; faults run each one."""

from __future__ import annotations

import pytest

from tests.faults.mutants import MUTANTS, PACKAGE, Mutant, edited


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what.replace(" ", "-"))
def test_each_edit_finds_its_one_place(mutant: Mutant) -> None:
    """An engine that is written anew says so at once, and not in the next long run."""
    for edit in mutant.edits:
        text = (PACKAGE / "agent" / f"{edit.module}.py").read_text()

        assert edited(mutant, edit, text) != text
