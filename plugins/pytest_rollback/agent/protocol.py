"""The encoding of requests and answers: one JSON document, framed and hashed.

A login banner may print before and after us, so the answer stands between two marks, with its
length and its sha256: a torn answer is told from a complete one.

Requests and answers are named tuples (see `messages`), and arrays on their way. `decode` makes the
tuple of its array again, and refuses what does not have the fields and types of its annotations.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import (
    Any,
    Dict,
    Generic,
    Optional,
    Type,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from .errors import HostError

PROTOCOL = 2
HELD = "held"
BUSY = (HELD, "open")
"""Kinds of problems of a first question that keep the others from being asked."""
FRAME = re.compile(rb"<<rollback (\d+) ([0-9a-f]{64})>>\n(.*)\n<</rollback>>", re.DOTALL)


Request = TypeVar("Request")
Answer = TypeVar("Answer")
Kind = TypeVar("Kind")


class Route(Generic[Request, Answer]):
    """One thing that the agent can be asked: its name, and the types of request and answer."""

    __slots__ = ("answer", "name", "request")

    def __init__(self, name: str, request: Type[Request], answer: Type[Answer]) -> None:
        self.name, self.request, self.answer = name, request, answer


def decode(kind: Type[Kind], value: Any) -> Kind:  # noqa: ANN401 - any JSON in
    """Return a named tuple of the array that it travelled as.

    Raises:
        HostError: the array does not have the fields and types of the annotations.
    """
    try:
        made: Kind = _decoded(kind, value)
    except (TypeError, ValueError) as error:
        raise HostError(
            f"{kind.__name__} does not match its definition: {error}",
            "use one version of pytest-rollback on both sides",
        ) from error
    return made


def _decoded(kind: Any, value: Any) -> Any:  # noqa: ANN401 - a type, or what typing makes of one
    if kind in PLAIN:
        if type(value) not in PLAIN[kind]:
            raise TypeError(f"{value!r:.80} where {kind.__name__} is expected")
        return value
    if hasattr(kind, "_fields"):
        return _named(kind, value)
    inner, made = get_args(kind), get_origin(kind)
    if made is Union:
        (meant,) = (each for each in inner if each is not type(None))
        return None if value is None else _decoded(meant, value)
    if made is tuple:
        return _tuple(inner, value)
    if made is dict and isinstance(value, dict):
        return {str(key): _decoded(inner[1], item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} where {kind} is expected")


def _named(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    kinds = kind.__annotations__
    if not isinstance(value, (list, tuple)) or len(value) != len(kinds):
        raise TypeError(f"{kind.__name__} needs the fields {', '.join(kinds)}")
    return kind(*map(_decoded, kinds.values(), value))


def _tuple(inner: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{type(value).__name__} where an array is expected")
    if inner[-1] is not Ellipsis:
        return tuple(_decoded(one, item) for one, item in _pairs(inner, value))
    if inner[0] is str and all(type(item) is str for item in value):
        return tuple(value)  # many thousands of paths
    return tuple(_decoded(inner[0], item) for item in value)


def _pairs(inner: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if len(inner) != len(value):
        raise TypeError(f"{len(value)} items where {len(inner)} are expected")
    return zip(inner, value)


PLAIN: Dict[Any, Any] = {str: (str,), int: (int,), bool: (bool,), float: (float, int)}
"""Types of JSON that stand for themselves."""


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
