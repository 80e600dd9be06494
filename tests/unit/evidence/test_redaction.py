"""Secrets: found in every writing, taken out of texts and records, and nothing else with them."""

from __future__ import annotations

import base64
import html
import json
import shlex
import textwrap
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from xml.sax import saxutils

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_rollback.evidence.origin import UNSIGNED
from pytest_rollback.evidence.redaction import MARK, Redactor, of_environment
from pytest_rollback.report.html.sanitize import RIM, clean, scrub

SECRET = "p&s<s\"w'rd/1 ü+\\%"  # noqa: S105 - nobody's, and every writing of it differs
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----"

Write = Callable[[str], str]


def based(shift: int, encoding: str) -> Write:
    """Return what puts a secret into the middle of a text in base64."""

    def write(secret: str) -> str:
        raw = b"x" * shift + secret.encode(encoding) + b"yyyy"
        return base64.b64encode(raw).decode("ascii")

    return write


WRITINGS: dict[str, Write] = {
    "raw": str,
    "json": json.dumps,
    "json in unicode": lambda secret: json.dumps(secret, ensure_ascii=False),
    "json in json": lambda secret: json.dumps({"inner": json.dumps({"a": secret})}),
    "repr": repr,
    "bytes": lambda secret: repr(secret.encode()),
    "html": html.escape,
    "html, only the text": lambda secret: html.escape(secret, quote=False),
    "html twice": lambda secret: html.escape(html.escape(secret)),
    "xml": lambda secret: saxutils.quoteattr(f"'{secret}'"),
    "url": urllib.parse.quote,
    "url, all of it": lambda secret: urllib.parse.quote(secret, safe=""),
    "form": urllib.parse.quote_plus,
    "shell": shlex.quote,
    "hexadecimal": lambda secret: secret.encode().hex(),
    "utf-16 taken for latin-1": lambda secret: secret.encode("utf-16-le").decode("latin-1"),
    "utf-16, shown": lambda secret: scrub("\0".join(secret)),
    "broken over lines": lambda secret: "\n".join(textwrap.wrap(secret, 5, drop_whitespace=False)),
    "base64 broken over lines": lambda secret: base64.encodebytes(
        b"x" * 50 + secret.encode() * 2
    ).decode(),
    **{f"base64 at {n}": based(n, "utf-8") for n in range(3)},
    **{f"base64 of utf-16 at {n}": based(n, "utf-16-le") for n in range(3)},
}


@pytest.mark.parametrize("name", sorted(WRITINGS))
@pytest.mark.parametrize("secret", [SECRET, "hunter2", "correct horse battery"])
def test_every_writing_is_found(name: str, secret: str) -> None:
    """No half of the secret is left, and the text around it is still there."""
    if name == "utf-16 taken for latin-1" and not secret.isascii():
        secret = "p&s<s\"w'rd/1"  # noqa: S105 - latin-1 has no other letters
    written = WRITINGS[name](secret)

    text = Redactor({"PASSWORD": secret}).text(f"before {written} after")

    assert MARK in text
    assert written not in text
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert secret not in html.unescape(html.unescape(urllib.parse.unquote(text)))


def test_a_key_of_many_lines_is_found_line_by_line() -> None:
    """An indented key, or one in a single line, shows none of its lines."""
    redactor = Redactor({"KEY": KEY})

    for text in (KEY, textwrap.indent(KEY, "  > "), KEY.replace("\n", ""), json.dumps(KEY)):
        assert "MIIEvQ" not in redactor.text(text)
        assert "AQEFAA" not in redactor.text(text)


def test_the_longest_goes_first() -> None:
    """A secret that begins like another leaves no end behind."""
    assert Redactor({"A": "hunter2", "B": "hunter2-and-more"}).text("hunter2-and-more") == MARK


def test_records_are_redacted_in_keys_and_values() -> None:
    """Numbers stay numbers, unless the secret is one."""
    redactor = Redactor({"A": "hunter2", "PIN": "12345678"})
    record = {"hunter2": ["a hunter2", {"b": ("hunter2", 1.5, True, None)}], "n": 41, "p": 12345678}

    assert redactor.data(record) == {
        MARK: [f"a {MARK}", {"b": [MARK, 1.5, True, None]}],
        "n": 41,
        "p": MARK,
    }


def test_names_tell_which_variables_are_secret() -> None:
    """Long values under a secret's name, and passwords in addresses; no paths, no small numbers."""
    found = of_environment(
        {
            "API_TOKEN": "abcdef",
            "DB_PASSWORD": "hunter2",
            "SHORT_KEY": "abcde",
            "TOKEN_TTL": "3600000",
            "PIN_SECRET": "12345678",
            "PWD": "/srv/app/here",
            "OLDPWD": "/gone/for/good",
            "KEY_FILE": str(Path(__file__)),
            "GONE_KEY_FILE": "/no/such/file",
            "DATABASE_URL": "postgres://shop:s3cr3t-word@db/shop",
            "HOME": "/home/hunter2",
        }
    )

    assert found == {
        "API_TOKEN": "abcdef",
        "DB_PASSWORD": "hunter2",
        "PIN_SECRET": "12345678",
        "GONE_KEY_FILE": "/no/such/file",
        "DATABASE_URL, password 1": "s3cr3t-word",
    }


def test_nothing_to_hide_hides_nothing() -> None:
    """Without secrets, and with an empty one, every text stays as it is."""
    assert Redactor({}).text("as it is") == "as it is"
    assert Redactor({"EMPTY": ""}).text("as it is") == "as it is"


@pytest.mark.parametrize("place", [0, 4000, 15_990, 16_000, 20_000, 60_000, 119_000])
def test_a_cut_leaves_no_half_of_a_secret(place: int) -> None:
    """Wherever a secret stands in a long text, none of it is shown."""
    secret = "s3cret-" * 40
    text = "." * place + secret + "." * (120_000 - place)

    shown = clean(text, Redactor({"A": secret}).text, 2000, 2000)

    assert "s3cret" not in shown
    assert len(shown) < 4100
    assert len(secret) * 8 < RIM


def test_a_secret_that_colours_cut_in_two_is_found() -> None:
    """Escape sequences are taken out, and then it is looked for again."""
    assert "hunter2" not in clean("hun\x1b[1mter2", Redactor({"A": "hunter2"}).text, 100)


@given(st.text(min_size=6, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_no_text_keeps_the_secret(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, the secret is gone; a number is none inside of a longer one."""
    assume(secret.strip() and MARK not in secret and secret not in MARK)
    assume(not secret.strip().isdecimal() or not (before + after).strip())
    text = Redactor({"A": secret}).text(before + secret + after)

    assert secret not in text.replace(MARK, "") or secret in (before + after)


def test_our_own_words_about_a_key_are_no_secret() -> None:
    """The hint that names the variable of the signing key arrives whole."""
    assert Redactor({}).text(UNSIGNED) == UNSIGNED
