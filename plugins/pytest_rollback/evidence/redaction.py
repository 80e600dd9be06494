"""What must not leave this process: secret values, in every writing in which they could be met.

There is one sink: every text and every record of a run goes through one `Redactor`, as it is
and before anything encodes it. What others have encoded already, such as a URL in a log line or
the text of a failed assertion, is found in its encoding as well.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.agent.system.masking.shapes import masked
from pytest_rollback.agent.system.masking.writings import MARK, SHORTEST, ValueMask

if TYPE_CHECKING:
    from pytest_rollback.evidence.json_data import Json

Redact = Callable[[str], str]

NAMES = re.compile(r"(?i)(secret|token|passw|passphrase|pwd|key|credential|dsn|auth)")
IN_URL = re.compile(r"://[^/:@\s]*:([^/@\s]+)@")

DIGITS = 8
"""A number with fewer digits may be a port, a size or a time, and is no secret."""

PLACES = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK", "XAUTHORITY", "GPG_AGENT_INFO"})
"""Variables with a name like a secret's, that hold a path."""


def of_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the secret values of an environment by the names of their variables."""
    found = {}
    for name, value in environment.items():
        if NAMES.search(name) and name not in PLACES and is_secret(value):
            found[name] = value
        for number, inside in enumerate(IN_URL.findall(value)):
            if len(inside) >= SHORTEST:
                found[f"{name}, password {number + 1}"] = inside
    return found


def is_secret(value: str) -> bool:
    """Return whether a value can be one: not too short, no small number, no path that exists."""
    if len(value) < SHORTEST or (value.isdigit() and len(value) < DIGITS):
        return False
    try:
        return not (value.startswith("/") and Path(value).exists())
    except (OSError, ValueError):
        return True


REMEMBERED, BRIEF = 8192, 400
"""Texts whose result is kept, and how long they may be: a record has the same words over and over,
as names of fields, and as the one reason why a hundred criteria were not reached."""


class Redactor:
    """Takes secrets out of texts and records: known values, and what has the shape of a secret.

    Args:
        values: the secrets by the names under which they are known.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = {name: value for name, value in values.items() if value}
        self.mask = ValueMask(self.values.values())
        self._again = functools.lru_cache(REMEMBERED)(self._read)

    def text(self, text: str) -> str:
        """Return a text in which every form of every secret is replaced by `***`."""
        return self._again(text) if len(text) <= BRIEF else self._read(text)

    def _read(self, text: str) -> str:
        return masked(self.mask.text(text))

    def data(self, value: Json) -> Json:
        """Return the same JSON without secrets, in keys as well as in values."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(self.data(key)): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        if isinstance(value, (bool, float, type(None))):
            return value
        said = self.text(str(value))
        return value if isinstance(value, int) and MARK not in said else said
