"""Declared secret files: each form of them gives its values, and nothing that is none."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pytest_rollback.agent.configuration.secrets import declared
from pytest_rollback.agent.messages.secrets import SecretFiles
from tests.corpus.secret_forms import SecretForm, forms
from tests.corpus.secret_writings import WRITINGS

FILES = forms("files", "file")


def written(home: Path, form: SecretForm) -> SecretFiles:
    """Write a file of a form."""
    (home / form.path).write_text(form.text, "utf-8", newline="")
    return SecretFiles(str(home), str(home / "state"), ".prev", (form.path,))


@pytest.mark.parametrize("form", FILES, ids=[form.name for form in FILES])
def test_what_a_file_holds_leaves_in_no_writing(form: SecretForm, tmp_path: Path) -> None:
    """Whatever its format: values with and without a name, quotes, comments, escapes, lines."""
    files = written(tmp_path, form)
    said = [
        (value, name, write(value))
        for value in form.secrets
        for name, write in WRITINGS.items()
        if name not in {"Latin-1", "taken for Latin-1"}
    ]
    clean = declared.masked([f"ERROR refused: {text}, they say" for *_, text in said], files, ())

    assert [each[:2] for each, text in zip(said, clean, strict=True) if "***" not in text] == []
    assert [value for value in form.secrets if value in str(clean)] == []
    assert all(text.startswith("ERROR") and text.endswith(", they say") for text in clean)


@pytest.mark.parametrize("form", FILES, ids=[form.name for form in FILES])
def test_what_is_no_secret_stays_in_texts(form: SecretForm, tmp_path: Path) -> None:
    """Ports, words, versions, hosts; and what the question itself says."""
    files = written(tmp_path, form)
    said = [f"listens on {word}: all is well" for word in form.ordinary]

    assert declared.masked(said, files, ()) == said


@pytest.mark.parametrize("form", FILES, ids=[form.name for form in FILES])
def test_what_cannot_be_known_is_said(form: SecretForm, tmp_path: Path) -> None:
    """By name and with the reason; of the others nothing is said."""
    told = declared.look(written(tmp_path, form))

    assert told.found == (form.path,)
    assert [form.why in each.why for each in told.unknown] == ([True] if form.why else [])
    assert bool(told.unknown) == bool(form.why)
    assert not any(value in str(told) for value in form.secrets)


def test_copies_hold_secrets_as_well(tmp_path: Path) -> None:
    """Beside the file, of a restore that is under way, and in the evidence of runs."""
    files = SecretFiles(str(tmp_path / "srv"), str(tmp_path / "state"), ".prev", ("config/.env",))
    mark = hashlib.sha256(b"config/.env").hexdigest()[:24]
    places = [
        f"srv/config/{name}" for name in (".env", ".env.prev", ".env~", f".rollback-a1-{mark}.old")
    ]
    places += [
        f"state/runs/r{n}/evidence/{kind}/config/.env"
        for n, kind in ((1, "failed"), (2, "saved.2"))
    ]
    for number, place in enumerate(places):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(f"TOKEN=correcthorse{number}\n")

    assert declared.known(files).values == {f"correcthorse{n}" for n in range(len(places))}


def test_a_file_of_another_place_is_named_by_an_absolute_path(tmp_path: Path) -> None:
    """Below `/etc`, say: its values and those of its copies are known as those of the root's."""
    (tmp_path / "etc").mkdir()
    place = tmp_path / "etc/shop.env"
    place.write_text("TOKEN=correcthorse\n")
    (tmp_path / "etc/shop.env.bak").write_text("TOKEN=batterystaple\n")
    files = SecretFiles(str(tmp_path / "srv"), str(tmp_path / "state"), ".prev", (str(place),))

    assert declared.known(files).values == {"correcthorse", "batterystaple"}
    assert declared.look(files).found == (str(place),)


def test_what_the_question_says_is_no_secret(tmp_path: Path) -> None:
    """A unit that a setting names is still called by its name; the password is not spared."""
    (tmp_path / ".env").write_text("SERVICE=shop-gateway.service\nPASSWORD=shop-gateway.key\n")
    files = SecretFiles(str(tmp_path), "/nowhere", ".prev", (".env",))
    asked = [{"route": "units.look", "request": [["shop-gateway.service", "x/shop-gateway.key"]]}]
    said = ["shop-gateway.service runs", "shop-gateway.key"]

    assert declared.masked(said, files, asked) == [said[0], "***"]


def test_no_kind_of_file_keeps_it_waiting(tmp_path: Path) -> None:
    """A FIFO, a directory, one without end: each is said, and nothing hangs."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(declared.LARGEST + 1)
    names = ("fifo", "folder", "zero", "large", "absent")
    told = declared.look(SecretFiles(str(tmp_path), "/nowhere", ".prev", names))

    assert [each.path for each in told.unknown] == ["fifo", "folder", "zero", "large"]
    assert told.found == names[:4]


CHARSETS = ("utf-8-sig", "utf-16", "utf-32", *(f"utf-{n}-{end}e" for n in (16, 32) for end in "lb"))
CORRECT, RUSSIAN = "corr\u00e9cthorse1", "\u043f\u0430\u0440\u043e\u043b\u044c-\u0436\u0434\u0443"
TEXTS = {
    "app.env": f"# f\u00fcr\nPASSWORD={CORRECT}\nexport A={RUSSIAN}\n",
    "app.json": f'{{"password": "{CORRECT}", "a": "{RUSSIAN}"}}',
    "app.txt": f"correcthorse: {CORRECT}\r\nother: {RUSSIAN}\r\n",
}


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_read_in_its_encoding(name: str, charset: str, tmp_path: Path) -> None:
    """With a mark of order or without; the values are known in each writing."""
    (tmp_path / name).write_bytes(TEXTS[name].encode(charset))
    files = SecretFiles(str(tmp_path), "/nowhere", ".prev", (name,))
    said = [f"got >{value}<" for value in (CORRECT, RUSSIAN)]

    assert declared.masked(said, files, ()) == ["got >***<"] * 2
    assert declared.look(files).unknown == ()


@pytest.mark.parametrize("charset", ["latin-1", "cp1252", "cp1251"])
def test_letters_of_eight_bits_are_said(charset: str, tmp_path: Path) -> None:
    """They are read as western ones, and the file is named: they may be others."""
    (tmp_path / ".env").write_bytes("# f\u00fcr\nPASSWORD=correcthorse1\n".encode("latin-1"))
    value = RUSSIAN if charset == "cp1251" else "\u00fcnJarOMU4\u00df"
    (tmp_path / "b.env").write_bytes(f"PASSWORD={value}-1".encode(charset))
    files = SecretFiles(str(tmp_path), "/nowhere", ".prev", (".env", "b.env"))
    raw = f"got {value}-1 or correcthorse1".encode(charset).decode("utf-8", "surrogateescape")

    assert declared.masked(raw, files, ()) == "got *** or ***"
    assert [(each.path, "UTF-8" in each.why) for each in declared.look(files).unknown] == [
        ("b.env", True)
    ]
    if charset != "cp1251":
        assert declared.masked(f"got {value}-1", files, ()) == "got ***"


def test_ordinary_words_of_secret_files_stay(tmp_path: Path) -> None:
    """Names of settings, options of programs, and what a commit or a version is."""
    (tmp_path / "deploy.sh").write_text(
        "oauth2ClientSecret='correct horse 1'\nmkdir -p config && cp -a x y\n"
    )
    (tmp_path / "app.env").write_text(
        "# oauth2ClientSecret, s3BucketName1\nRELEASE=2024.10.1\nGIT_COMMIT=6f1ed002ab5595859014\n"
    )
    files = SecretFiles(str(tmp_path), "/nowhere", ".prev", ("deploy.sh", "app.env"))
    said = [
        "oauth2ClientSecret is set",
        "mkdir -p config",
        "release 2024.10.1 of 6f1ed002ab5595859014",
    ]

    assert declared.masked(said, files, ()) == said
