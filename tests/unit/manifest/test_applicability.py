"""Which criteria a system has something for, and which key would make the others apply."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_rollback.manifest.applicability import RETURNS, NotApplicable, lacks
from pytest_rollback.manifest.load import parse

BARE = {
    "system": {"name": "shop", "root": "/srv/shop", "state": "/var/lib/rollback/shop"},
    "target": {"name": "corner", "connection": "local://"},
    "components": [
        {"name": "web", "unit": "web", "health": "web", "imports": ["web"]},
        {"name": "till", "unit": "till", "health": "web"},
    ],
    "probes": {"web": {"tcp": "127.0.0.1:1"}},
}
EDGE = {"edge": {"url": "http://localhost/"}}
DUMP = {"database": {"name": "shop", "dump": "/d"}}

RESTORE, MIGRATE = RETURNS


@pytest.mark.parametrize(
    ("more", "keys", "about", "lacking"),
    [
        ({}, (), None, ""),
        ({}, ("edge",), None, "edge"),
        (EDGE, ("edge",), None, ""),
        ({}, ("maintenance", "edge"), None, "maintenance or edge"),
        (EDGE, ("maintenance", "edge"), None, ""),
        ({}, ("fallback.git",), None, "fallback.git"),
        ({"fallback": {"git": "/srv/git"}}, ("fallback.git",), None, ""),
        ({}, (RESTORE,), None, RESTORE),
        (DUMP, (RESTORE,), None, RESTORE),
        ({"database": {**DUMP["database"], "return": "restore"}}, (RESTORE,), None, ""),
        ({"database": {**DUMP["database"], "return": "restore"}}, (MIGRATE,), None, MIGRATE),
        (DUMP, ("database",), None, ""),
        ({}, ("component.imports",), "web", ""),
        ({}, ("component.imports",), "till", "components.imports"),
        ({}, ("component.imports",), None, ""),
        ({}, ("component.requests",), None, "components.requests"),
        ({}, ("component.imports",), "shared", ""),
    ],
)
def test_a_criterion_applies_where_a_key_describes_anything(
    more: dict[str, Any], keys: tuple[str, ...], about: str | None, lacking: str
) -> None:
    """An empty list and a switch that is off describe nothing."""
    assert lacks(parse({**BARE, **more}, "test"))(keys, about) == lacking


def test_the_words_name_criterion_component_and_key() -> None:
    """As terminal and report have them."""
    assert NotApplicable("a.b.c", None, "edge").words == "a.b.c (edge)"
    assert (
        NotApplicable("a.b.c", "web", "components.imports").words
        == "a.b.c [web] (components.imports)"
    )
