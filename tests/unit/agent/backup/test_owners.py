"""Which component a file belongs to, by the patterns of rollback.toml."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.backup.owners import SHARED, Owners
from pytest_rollback.agent.messages.location import ComponentFiles


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("core/gateway/**", "core/gateway/a/b.py", True),
        ("core/gateway/**", "core/gateway2/b.py", False),
        ("core/*.py", "core/a.py", True),
        ("core/*.py", "core/a/b.py", False),
        ("**/b.py", "b.py", True),
        ("**/b.py", "a/c/b.py", True),
        ("core/**/b.py", "core/b.py", True),
        ("core/?.py", "core/a.py", True),
        ("core/?.py", "core/ab.py", False),
        ("core/[ab].py", "core/b.py", True),
        ("core/[!ab].py", "core/b.py", False),
        ("core/a.py", "core/axpy", False),
        ("core/**", "core/a\nb.py", True),
    ],
)
def test_patterns_cross_directories_only_with_two_stars(
    glob: str,
    path: str,
    matches: bool,  # noqa: FBT001 - a table
) -> None:
    """`*` stays within a directory, `**` does not, everything else is literal."""
    owners = Owners([ComponentFiles("it", (glob,))])

    assert (owners.of(path) == "it") is matches


def test_the_first_component_that_matches_owns_a_file() -> None:
    """What none matches is shared."""
    owners = Owners(
        [ComponentFiles("all", ("core/**",)), ComponentFiles("mesh", ("core/mesh/**",))]
    )

    assert owners.of("core/mesh/a.py") == "all"
    assert owners.of("config/.env") == SHARED
