"""No text of ours proposes to delete what proves something: it is put aside."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
DELETES = re.compile(
    r"(?:^|[\s;:`'])(?:rm|unlink|dropdb|shred)(?: -\w+)* (?=[/{$~.]|$|\w+\.json|'|baseline|backup)"
)


@pytest.mark.parametrize("folder", ["plugins", "suites", "fixtures"])
def test_no_text_has_a_command_that_deletes(folder: str) -> None:
    """Hints, comments aside, with parts that are filled in or not."""
    found = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno}: {node.value[:60]!r}"
        for path in (REPOSITORY / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and DELETES.search(node.value)
    ]

    assert found == []


@pytest.mark.parametrize("text", ["rm baseline.json", "then rm -f /x", "see; rm ", "dropdb {"])
def test_the_pattern_finds_them(text: str) -> None:
    """With options, in the middle of a hint, before a name that is filled in."""
    assert DELETES.search(text)
