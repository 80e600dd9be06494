"""Descriptions made by changing right ones: a system, or one refusal in words; never a traceback.

Names are misspelt, values replaced, lines dropped, doubled and cut, bytes flipped. What the changed
file says may still be right; what matters is that nobody gets anything else than these two.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.document import TomlTable, TomlValue, decoded
from pytest_rollback.manifest.load import load, parse
from tests import documented

Key: TypeAlias = "str | int"

OURS = (Path(__file__).parents[3] / "rollback.toml").read_text()
TEXTS = (OURS, documented.block(documented.ADOPT, "toml", "[services]"))
RIGHT = tuple(decoded(each.encode(), "rollback.toml") for each in TEXTS)
MANY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(
        [
            *("", " ", "\0", "\x1b[31m", "../../etc/passwd", "/dev/zero", "http://:port", "-x"),
            *("0s", "100%", "1e9999s", "99999999999999999999d", ".*", "(a+)+$", "[", "\ud7ff"),
            *("ssh://", "ssh://a b", "local://x", "postgresql://:@:/", "2026-02-30", "{", "%s"),
        ]
    ),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
"""Values that belong nowhere, and some that belong somewhere else."""


def places(value: TomlValue, path: tuple[Key, ...] = ()) -> list[tuple[Key, ...]]:
    """Return where every value of a document is."""
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    found = [place for key, each in inside for place in places(each, (*path, key))]
    return [path, *found] if path else found


def copied(value: Any) -> Any:  # noqa: ANN401 - of the type that it is given
    """Return a document of its own."""
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


@st.composite
def documents(draw: Callable[..., Any]) -> TomlTable:
    """Draw a right document in which up to four values or names are others."""
    document = copied(draw(st.sampled_from(RIGHT)))
    for _ in range(draw(st.integers(1, 4))):
        known = places(document)
        if not known:
            break
        *way, key = draw(st.sampled_from(known))
        holder = document
        for each in way:
            holder = holder[each]
        harm = draw(st.sampled_from(["replace", "drop", "rename"]))
        if harm == "replace" or isinstance(holder, list):
            holder[key] = draw(ODD)
        else:
            value = holder.pop(key)
            if harm == "rename":
                holder[draw(st.sampled_from([f"{key}x", key[:-1], key.upper(), ""]))] = value
    return document


@st.composite
def raws(draw: Callable[..., Any]) -> bytes:
    """Draw a right file in which lines or bytes are others."""
    lines = draw(st.sampled_from(TEXTS)).splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        cut = draw(st.integers(0, len(line)))
        lines[at] = draw(
            st.sampled_from(
                [
                    *("", line * 2, line[:cut], line[cut:], "[" * 2000 + line, line * 300),
                    *(line.replace('"', ""), line.replace("=", ":"), f"\ufeff{line}", f'"""{line}'),
                    *(line.replace("\n", "\r"), line.replace(" ", "\t"), f"{line[:cut]}\0\n"),
                ]
            )
        )
    raw = bytearray("".join(lines).encode())
    if raw and draw(st.booleans()):
        raw[draw(st.integers(0, len(raw) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(raw)


def demanding(named: str, read: Callable[[], object]) -> None:
    """Read; of a refusal see that it names the file, what to do, and what is wrong, a line each."""
    try:
        read()
    except ManifestError as refusal:
        demand(refusal, named)
        raise


def demand(refusal: ManifestError, named: str) -> None:
    """See that a refusal is what somebody in a hurry can use."""
    assert named in refusal.message
    assert refusal.hint
    for line in (refusal.message, *refusal.findings):
        assert len(line) <= 1000
        assert all(letter.isprintable() for letter in line), line


@given(documents())
@MANY
def test_a_changed_description_is_a_system_or_is_refused(document: TomlTable) -> None:
    """Each finding is one line about one key."""
    with contextlib.suppress(ManifestError):
        demanding("rollback.toml", lambda: parse(document, "rollback.toml"))


@given(raws())
@MANY
def test_a_changed_file_is_a_system_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    """Whatever its bytes are."""
    path = tmp_path_factory.getbasetemp() / "mutated.toml"
    path.write_bytes(raw)
    with contextlib.suppress(ManifestError):
        demanding(str(path), lambda: load(path))
