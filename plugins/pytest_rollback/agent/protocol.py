"""How a question reaches the agent and an answer leaves it: one JSON document, framed and hashed.

A login banner may print before and after us, so the answer stands between two marks, with its
length and its sha256: a torn answer is told from a complete one.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Dict, FrozenSet, Iterable, Optional

PROTOCOL = 1
FRAME = re.compile(rb"<<rollback (\d+) ([0-9a-f]{64})>>\n(.*)\n<</rollback>>", re.DOTALL)


def frame(answer: Dict[str, Any]) -> bytes:
    """Return the answer as bytes, ASCII only, so that no host's locale can damage it."""
    body = json.dumps(answer, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    digest = hashlib.sha256(body).hexdigest().encode("ascii")
    return b"<<rollback %d %s>>\n%s\n<</rollback>>\n" % (len(body), digest, body)


def unframe(output: bytes) -> Optional[Dict[str, Any]]:
    """Return the answer found in an output, or None when it is missing, torn or altered."""
    found = FRAME.search(output)
    if found is None:
        return None
    length, digest, body = int(found[1]), found[2].decode("ascii"), found[3]
    if len(body) != length or hashlib.sha256(body).hexdigest() != digest:
        return None
    answer = json.loads(body)
    return answer if isinstance(answer, dict) else None


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
