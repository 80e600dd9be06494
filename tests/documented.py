"""What the documents show, to be played: blocks of code by their language and a word in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

ADOPT = "docs/adopt.md"
DOCUMENTS = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def block(document: str, language: str, word: str) -> str:
    """Return the first block of a document with a word in it, such as "[services]"."""
    text = (DOCUMENTS / document).read_text()
    for each in BLOCK.finditer(text):
        if each[1] == language and word in each[2]:
            return each[2]
    raise AssertionError(f"{document} has no block of {language} with {word!r} in it")


def command(document: str, program: str, *words: str) -> list[str]:
    """Return the first command line of a document that begins so and has these words, split."""
    text = (DOCUMENTS / document).read_text()
    lines = "\n".join(each[2] for each in BLOCK.finditer(text) if each[1] == "sh")
    for line in lines.replace("\\\n", " ").splitlines():
        found = shlex.split(line, comments=True)
        if found[:1] == [program] and set(words) <= set(found):
            return found[1:]
    raise AssertionError(f"{document} has no line of {program} with {words}")


def manifest(word: str, target: str, places: Mapping[str, str]) -> str:
    """Return a manifest of docs/adopt.md, with another name of its target.

    Args:
        word: what is in it.
        target: the name.
        places: what stands in it, and what the test has in that place.
    """
    text = block(ADOPT, "toml", word).replace("production", target)
    for there, here in places.items():
        if there not in text:
            raise AssertionError(f"{there!r} is not in the manifest of {ADOPT} any more")
        text = text.replace(there, here)
    return text
