"""Run folders that somebody has damaged: told as changed, or refused in words; never a traceback.

One file is replaced or has other bytes: everything that reads a run folder is asked afterwards.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import changes, origin, seal, signoffs
from pytest_rollback.evidence.afterwards import afterwards
from pytest_rollback.evidence.events import ItemTicked
from pytest_rollback.report import all_runs, amend
from tests.unit.support.run_folder import left

MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("\ud800")
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
HOSTILE = st.sampled_from(
    [
        b"",
        b"\n",
        b"{}",
        b"[]",
        b"null\n",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 5000,
        b"\xff\xfe{",
        b"\x00" * 64,
        b'{"files": [], "hash": 1}\n',
        b'{"files": {"a": 1}, "hash": ""}\n',
        b'{"files": {"a": [1, 2, 3]}, "hash": ""}\n',
        b'{"at": 1, "why": [], "files": {"timeline.jsonl": ["x", "y"]}, "hash": "0"}\n',
        b'{"at": 1, "why": [], "files": {"timeline.jsonl": ["x", -1]}, "hash": "0"}\n',
        b'{"files": {"timeline.jsonl": ["x", 1e300]}, "hash": "0"}\n',
        b"0" * 64 + b"  ../../../../etc/passwd\n",
    ]
)
NAMES = ("report.json", "timeline.jsonl", "report.html", seal.SEALS, seal.SUMS)
READERS: tuple[Callable[[Path], object], ...] = (
    lambda folder: [*changes.changed(folder)],
    lambda folder: [*changes.changed(folder, "abcdef12")],
    lambda folder: origin.of(folder, None, None),
    amend.data_of,
    signoffs.incident_of,
    lambda folder: afterwards(signoffs.events(folder)),
    lambda folder: amend.amended(folder, ItemTicked("identify", by="ann")),
    lambda folder: all_runs.write(folder.parent),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed folder as a run leaves it."""
    return left(tmp_path_factory.mktemp("whole"))


@given(name=st.sampled_from(NAMES), content=st.one_of(HOSTILE, JSON, st.integers(0, 10_000)))
@MANY
def test_a_damaged_folder_is_told_or_refused(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, name: str, content: object
) -> None:
    """By everything that reads it."""
    folder = tmp_path_factory.mktemp("reports") / whole.name
    shutil.copytree(whole, folder)
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, int) and not isinstance(content, bool):
        raw = bytearray(path.read_bytes())
        raw[content % len(raw)] ^= 1 << content % 8
        path.write_bytes(bytes(raw))
    else:
        path.write_text(json.dumps(content))
    for read in READERS:
        with contextlib.suppress(UsageError):
            read(folder)
