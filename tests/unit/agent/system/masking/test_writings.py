"""Known values are taken out of a text however somebody writes them; all else of it stays."""

from __future__ import annotations

import base64
import json
import time
from functools import partial

import pytest

from pytest_rollback.agent.system.masking.layers import narrow, widen
from pytest_rollback.agent.system.masking.writings import ValueMask
from tests.corpus.secret_forms import SecretForm, forms
from tests.corpus.secret_writings import CASED, WRITINGS
from tests.growth import grows

ORDINARY = forms("texts", "ordinary")
BEFORE, AFTER = "2026-11-24T23:00:00Z ERROR [web] 6f1ed002ab55: >> ", " << of ann, 100% \\o/\n"
WORDS = ("correcthorse", "correct horse staple", "corr\u00e9ct-h\u00f6rse")
OTHER = "\u043f\u0430\u0440\u043e\u043b\u044c-7\u20ac"
VALUE = "t0ken-of-ann"
WESTERN = {"Latin-1", "UTF-16"}
DEEP = {"Latin-1", "JSON in JSON in JSON", "HTML in JSON in an address"}
"""Writings that another program cannot write again, or that have one layer more than are read."""

MIXED = (
    "c0rrecthorse",
    "tIzvYURKFhP6yy",
    "c0ffee0ddba11c0f",
    'it\'s "one" \\ <of> them & 2',
    "10%%41$ure=3D",
    "abc%41\"d'ef1",
    "a+b/c==\u00fc\u00df7",
)


@pytest.mark.parametrize("value", WORDS + MIXED)
def test_a_value_is_taken_out_in_every_writing(value: str) -> None:
    """Nothing of the text around it goes."""
    mask = ValueMask([value, "an0ther-v\u00e4lue"])
    clean = {name: mask.text(f"{BEFORE}{write(value)}{AFTER}") for name, write in WRITINGS.items()}

    assert [name for name, text in clean.items() if "***" not in text or value in text] == []
    assert [name for name, text in clean.items() if not text.startswith(BEFORE)] == []
    assert [name for name, text in clean.items() if not text.endswith(AFTER)] == []


def test_letters_of_other_scripts_are_letters() -> None:
    """In everything but a charset that does not have them."""
    mask = ValueMask([OTHER])
    said = {name: write(OTHER) for name, write in WRITINGS.items() if name not in WESTERN}

    assert [name for name, text in said.items() if "***" not in mask.text(f"> {text} <")] == []


@pytest.mark.parametrize("name", CASED)
@pytest.mark.parametrize("value", MIXED[:4])
def test_large_and_small_letters_make_no_difference(name: str, value: str) -> None:
    """Of values that are no words; those stay in other texts."""
    assert ValueMask([value]).text(f"a {CASED[name](value)} b") == "a *** b"


@pytest.mark.parametrize("word", ["Correcthorse", "CORRECT HORSE STAPLE"])
def test_other_words_stay(word: str) -> None:
    """A word in other letters is a word."""
    assert ValueMask(WORDS).text(f"the {word} of it") == f"the {word} of it"


@pytest.mark.parametrize("outer", ["base64", "address", "JSON", "HTML", "hexadecimal"])
def test_writings_of_writings_are_read(outer: str) -> None:
    """What one program has written another one writes again."""
    mask, write = ValueMask([VALUE]), WRITINGS[outer]
    inner = {name: each(VALUE) for name, each in WRITINGS.items() if name not in DEEP}
    clean = {name: mask.text(f"> {write(said)} <") for name, said in inner.items()}

    assert [name for name, text in clean.items() if "***" not in text] == []
    assert all(text.startswith("> ") and text.endswith(" <") for text in clean.values())


@pytest.mark.parametrize(
    "value", ["tIz9YU4RKFhP6yy", "c0ffee0ddba11c0f", "a1b2-correct-horse-2z9k"]
)
def test_what_is_left_of_a_value_that_was_cut_goes(value: str) -> None:
    """From eight letters on, of its beginning and of its end, as it is and in base64."""
    mask = ValueMask([value])
    cut = [part for at in range(8, len(value)) for part in (value[:at], value[-at:])]
    coded = base64.b64encode(f"shop:{value}".encode()).decode()[:-8]

    assert [part for part in cut if mask.text(f"... {part}... of it") != "... ***... of it"] == []
    assert mask.text(f"a {coded}") == "a c2hvcD***"


def test_words_that_begin_like_a_value_stay() -> None:
    """A name of a service, a year."""
    said = "app-2024 of postgres, 2024-10-01, correct horse"

    assert (
        ValueMask(["app-2024-x7y8z9k1", "postgres-7a1b", "correct horse 77x1"]).text(said) == said
    )


def test_bytes_that_are_no_text_are_known_as_well() -> None:
    """A key of 32 bytes: as base64, in hexadecimal, and as it is."""
    key = bytes(range(150, 182))
    mask = ValueMask([key.decode("utf-8", "surrogateescape")])
    said = [base64.b64encode(key).decode(), key.hex(), key.decode("utf-8", "surrogateescape")]

    assert [mask.text(f"key {each};") for each in said] == ["key ***=;", "key ***;", "key ***;"]


def test_what_is_known_is_taken_out_of_data() -> None:
    """In keys and values, and of a text of one value nothing goes because of another."""
    mask = ValueMask(["t0ken-of-ann", "12345678"])
    data = {"a t0ken-of-ann": ["t0ken-", "ann", {"n": "12345678"}], "n": "912345678", "x": None}

    assert mask.data(data) == {
        "a ***": ["t0ken-", "ann", {"n": "***"}],
        "n": "912345678",
        "x": None,
    }


@pytest.mark.parametrize("form", ORDINARY, ids=[form.name for form in ORDINARY])
def test_ordinary_text_stays(form: SecretForm) -> None:
    """Beside a hundred secrets, in whatever writing the text is."""
    mask = ValueMask([f"t0ken-{n:x}-of-ann-{n}" for n in range(100)])
    said = [write(form.text) for write in WRITINGS.values()]

    assert [text for text in said if mask.text(text) != text] == []


def test_bytes_come_back_as_they_were() -> None:
    """Letters, bytes that are none, and halves of letters."""
    for text in ("plain", "\u00fc\u20ac\U0001f600", "a\udcffb"):
        assert widen(narrow(text)) == text
    assert json.loads(json.dumps(ValueMask(["t0ken-of-ann"]).text("\ud800 t0ken-of-ann"))).endswith(
        " ***"
    )


HOSTILE = (
    *("\\", "\\\\", "%41", "%", "%25", "&amp;", "&", "'", '""', "\n", "\n ", "\r\n", "\0", "\x1b["),
    *("=3D", "=\n", "A", "aa", "41", "41:", "65, ", "MFQWCYLB", "Vm0wd2Qy", "QUFB", "A\n", "\\n"),
    *("\\u0041", "\\101", "$", "-", "_", "/", "2026-11-29 ", "0x41 ", "\u00e9", "t0ken-of-ann"),
    *(WRITINGS[name]("t0ken-of-ann") for name in ("base64 of base64", "base32", "numbers")),
)


def taken(piece: str, size: int) -> float:
    """Return how many seconds a text of one piece takes, again and again."""
    mask = ValueMask(["t0ken-of-ann", "correct\udcff\udc00\udc81\x01"])
    text = piece * (size // len(piece))
    begun = time.process_time()
    mask.text(text)
    return time.process_time() - begun


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_takes_more_than_linear_time(piece: str) -> None:
    """Eight times the text takes eight times as long, and not sixty-four times."""
    assert not grows(partial(taken, piece), 64_000)
