"""Forms of secrets, as data: the tables of `secrets/`, with values that nobody had before."""

from __future__ import annotations

import re
import secrets
import string
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

CORPUS = Path(__file__).parent / "secrets"
ALPHABETS = {
    "w": string.ascii_letters + string.digits,
    "h": "0123456789abcdef",
    "A": string.ascii_uppercase + "234567",
}
PLACE = re.compile(r"\{([whA])(\d+)\}")


class SecretForm(NamedTuple):
    """One entry of a table: a text, what of it is secret, and what of it is not.

    `path` is the name of a file, "" of a text; `why` is a word of why not all of a file is known.
    """

    name: str
    text: str
    secrets: tuple[str, ...]
    ordinary: tuple[str, ...]
    path: str
    why: str


def forms(table: str, kind: str) -> list[SecretForm]:
    """Return the entries of a table, each with values that nobody had before."""
    found = tomllib.loads((CORPUS / f"{table}.toml").read_text("utf-8"))[kind]
    return [made(each) for each in found]


def made(form: dict[str, Any]) -> SecretForm:
    """Return one entry; the same placeholder stands for the same value in all of it."""
    given: dict[str, str] = {}

    def value(told: re.Match[str]) -> str:
        letters = ALPHABETS[told[1]]
        mixed = {"w": "aB7", "h": "a7", "A": "A7"}[told[1]]
        rest = "".join(secrets.choice(letters) for _ in range(int(told[2]) - len(mixed)))
        return given.setdefault(told[0], mixed + rest)

    def filled(text: str) -> str:
        return PLACE.sub(value, text)

    return SecretForm(
        form["name"],
        filled(form["text"]),
        tuple(map(filled, form.get("secrets", ()))),
        tuple(form.get("ordinary", ())),
        form.get("path", ""),
        form.get("why", ""),
    )
