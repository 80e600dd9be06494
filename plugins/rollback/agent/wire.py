"""How a question reaches the agent and an answer leaves it: one JSON document, framed and hashed.

A login banner may print before and after us, so the answer stands between two marks, with its
length and its sha256: a torn answer is told from a complete one.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Dict, Optional

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
