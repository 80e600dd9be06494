"""Values of secret files: read on the host so that they can be taken out of every answer."""

from __future__ import annotations

import re
from typing import Any, FrozenSet, Iterable

NAMES = re.compile(r"(?i)(secret|token|passw|pwd|key|credential|dsn|auth)")
IN_URL = re.compile(r"://[^/:@\s]*:([^/@\s]+)@")
SHORTEST = 4
"""A shorter value would blot out half of every answer; it is no secret either."""


def known(paths: Iterable[str]) -> FrozenSet[str]:
    """Return the secret values of `KEY=VALUE` files: by the key's name, or inside a URL."""
    found = set()
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                lines = file.read().splitlines()
        except OSError:
            continue  # whether the file should be there is for a criterion to say
        for line in lines:
            key, mark, value = line.partition("=")
            value = value.strip().strip("'\"")
            if mark and NAMES.search(key):
                found.add(value)
            found.update(IN_URL.findall(value))
    return frozenset(value for value in found if len(value) >= SHORTEST)


def scrub(value: Any, secrets: FrozenSet[str]) -> Any:  # noqa: ANN401 - any JSON in, the same out
    """Return the same JSON with every secret replaced by `***`."""
    if isinstance(value, str):
        for secret in sorted(secrets, key=len, reverse=True):
            value = value.replace(secret, "***")
        return value
    if isinstance(value, dict):
        return {scrub(key, secrets): scrub(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [scrub(item, secrets) for item in value]
    return value
