"""What is written is TOML, whatever the host says, and no line of it is the host's own."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.cli.init.lines import TomlLine, TomlTable, text
from pytest_rollback.errors import Refused

ANY = st.text(st.characters(exclude_categories=("Cs",)))


@given(ANY, ANY)
def test_any_value_is_read_back_and_no_comment_breaks_out(value: str, comment: str) -> None:
    """Also one with quotes, control characters and line ends."""
    lines = [TomlLine("key", value, comment, comment), TomlLine("list", [value, "x"], comment)]
    written = text([comment], [TomlTable("[table]", [*lines, TomlLine(asks=comment)])])

    assert tomllib.loads(written) == {"table": {"key": value, "list": [value, "x"]}}
    assert all(line.isprintable() for line in written.splitlines())


def test_a_hidden_table_is_right_without_its_marks() -> None:
    """People take the `# ` away, and are done."""
    lines = [TomlLine("name", "shop", "seen"), TomlLine("dump", "/x", asks="where?")]
    written = text([], [TomlTable("[database]", lines, hidden=True)])

    assert tomllib.loads(written) == {}
    shown = "\n".join(line.removeprefix("# ") for line in written.splitlines())
    assert tomllib.loads(shown) == {"database": {"name": "shop", "dump": "/x"}}


def test_sentences_stand_behind_the_keys() -> None:
    """Where they are about no line that comes next."""
    written = text([], [TomlTable("[a]", [TomlLine(asks="what?"), TomlLine("k", value=True)])])

    assert written == "\n[a]\nk = true\n# ? what?\n"


def test_a_name_that_is_no_text_is_refused() -> None:
    """With what to do."""
    with pytest.raises(Refused, match="no text") as caught:
        text([], [TomlTable("[a]", [TomlLine("root", "/srv/\udcff")])])
    assert "rename it" in caught.value.hint
