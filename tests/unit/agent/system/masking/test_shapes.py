"""Texts in which secrets have a shape: each form is masked, ordinary text stays, in linear time."""

from __future__ import annotations

import time
from functools import partial

import pytest

from pytest_rollback.agent.system.masking import shapes
from pytest_rollback.agent.system.masking.pairs import ANCHORS
from pytest_rollback.agent.system.masking.providers import LINKS, PREFIXES
from pytest_rollback.agent.system.masking.writings import ValueMask
from tests.corpus.secret_forms import SecretForm, forms
from tests.growth import grows

TEXTS = forms("texts", "text")
ORDINARY = forms("texts", "ordinary")


@pytest.mark.parametrize("form", TEXTS, ids=[form.name for form in TEXTS])
def test_what_has_the_shape_of_a_secret_is_masked(form: SecretForm) -> None:
    """No secret of it is left, the rest is; and masked again it stays as it is."""
    clean = shapes.masked(form.text)

    assert [value for value in form.secrets if value in clean] == []
    assert [words for words in form.ordinary if words not in clean] == []
    assert shapes.masked(clean) == clean


@pytest.mark.parametrize("form", TEXTS, ids=[form.name for form in TEXTS])
def test_it_is_masked_in_the_middle_of_a_log(form: SecretForm) -> None:
    """Behind a time and in front of other lines, which stay."""
    before, after = (
        "2026-11-24T23:00:00Z ERROR [web] 6f1ed002ab5595859014ebf0951522d9: ",
        "\nfine 1.2.3\n",
    )
    clean = shapes.masked(f"{before}{form.text}{after}")

    assert [value for value in form.secrets if value in clean] == []
    assert clean.startswith(before)
    assert clean.endswith(after)


@pytest.mark.parametrize("form", ORDINARY, ids=[form.name for form in ORDINARY])
def test_ordinary_text_stays(form: SecretForm) -> None:
    """Hashes, versions, paths, identifiers, and sentences about secrets."""
    assert shapes.masked(form.text) == form.text


HOSTILE = (
    *(
        "----",
        "a",
        "A1",
        "aaaa=",
        "/",
        "@",
        "\\",
        "\\\\",
        "&quot;",
        "%22",
        "'",
        "(",
        "[",
        "{",
        "<",
        "|",
        ">",
        ",",
        ";",
    ),
    *(f"{anchor}=" for anchor in ANCHORS),
    *(
        'password="',
        "password: [",
        "password:|\n ",
        "<password ",
        "password\\",
        "password&",
        "password=",
    ),
    *(
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n",
        "eyJa.",
        "eyJ-",
        "eyJaaaaaa.",
        ":",
    ),
    *(
        "://",
        "://a:b",
        "://a:b@",
        "://@",
        "%3A%2F%2F",
        ":\\/\\/",
        "a@b:",
        "Authorization: ",
        "cookie=a;",
    ),
    *(
        "Bearer ",
        "Basic ",
        "Environment=A=",
        'Environment="A=',
        "curl -u a:",
        "mysql ",
        "mysql -p",
        "$6$",
    ),
    *(
        "x-api-",
        "identified by '",
        "login a password ",
        "sshpass -p",
        "redis-cli ",
        "{SSHA}",
        "1234567890:AA",
    ),
    *sorted(PREFIXES)[::9],
    *LINKS[:2],
)


def taken(piece: str, size: int) -> float:
    """Return how many seconds a text of one piece takes, again and again."""
    text = piece * (size // len(piece))
    begun = time.process_time()
    shapes.masked(text)
    return time.process_time() - begun


@pytest.mark.parametrize("piece", sorted(set(HOSTILE)))
def test_no_text_takes_more_than_linear_time(piece: str) -> None:
    """Eight times the text takes eight times as long, and not sixty-four times."""
    for end in ("", " ", "a", "\n", '"', "-"):
        assert not grows(partial(taken, piece + end), 64_000), repr(piece + end)


def test_ten_megabytes_of_log_take_seconds() -> None:
    """Fifteen known secrets and all shapes; what is printed is the measurement."""
    line = (
        "2026-11-29T06:00:00Z INFO request 6f1ed002ab55 path=/a/b served 200 user=ann took 12 ms\n"
    )
    text = line * (10_000_000 // len(line)) + "password=hunter2\n"
    mask = ValueMask([f"correcthorse{n}battery" for n in range(15)])
    begun = time.process_time()
    by_value = mask.text(text)
    between = time.process_time()
    by_shape = shapes.masked(by_value)
    ended = time.process_time()
    print(f"10 MB of log: by value {between - begun:.2f} s, by shape {ended - between:.2f} s")  # noqa: T201

    assert by_value == text
    assert by_shape == line * (10_000_000 // len(line)) + "password=***\n"
    assert ended - begun < PATIENCE


PATIENCE = 30.0
"""Seconds for that on a busy machine; an idle one takes three."""
