"""What looks like a value in a text of any format: settings, texts in quotes, long words."""

from __future__ import annotations

import json
import re
from typing import List, Tuple

from .values import Pair

Read = Tuple[List[Pair], bool]
"""The pairs of a text, and whether all of it is understood."""

SETTING = re.compile(
    r"^[\s\"'<-]*(?:export\s+|set\s+)?([\w.:/-]{1,100})[\"'\]]*\s*(?:=>|:=|=|:)\s*(\S.*)$"
)
QUOTED = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'", re.DOTALL)
COMMENT = re.compile(r"(?<!\s)\s+(?:[#;]|//).*$")
LONG = 12
"""Letters of a word that is a value wherever it stands, in a text of no known format."""


def lexical(text: str) -> List[Pair]:
    """Return what looks like a setting, everything in quotes, and long words, of any text."""
    found: List[Pair] = []
    for line in text.split("\n"):
        told = SETTING.match(line)
        if told:
            rest = told[2].strip().rstrip(",;")
            found += [(told[1], rest), (told[1], COMMENT.sub("", rest).strip("'\" "))]
        found += [("", word.strip("\"',;")) for word in line.split() if len(word) >= LONG]
    texts = [double or single for double, single in QUOTED.findall(text)]
    return found + [("", each) for raw in texts for each in (raw, unescaped(raw))]


def unescaped(value: str) -> str:
    """Return a text in double quotes as JSON, YAML and most languages mean it."""
    try:
        return str(json.loads(f'"{value}"', strict=False))
    except ValueError:
        plain = value.replace("\\n", "\n").replace("\\t", "\t")
        return re.sub(r"\\(.)", r"\1", plain, flags=re.DOTALL)
