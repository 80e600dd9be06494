"""How a request reaches the script that reads it: as arguments, through a file, or on its input."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pytest_rollback.errors import RollbackError
from pytest_rollback.transport.payload import DROP, KEEP, LONGEST, fit

KEPT = re.compile(rb"<<rollback-kept ([^>]+)>>")
SHORT, USUAL = 5.0, 30.0
"""Seconds in which a piece is dropped, and kept."""

RunsPython = Callable[[str, Iterable[str], float], Any]
"""Runs a script of ours with arguments within seconds, and returns testinfra's result."""

Troubled = Callable[[Any, float], RollbackError]
"""Returns the error that stands for a result which is no answer."""


@contextlib.contextmanager
def sent(
    texts: tuple[str, ...], python: RunsPython, trouble: Troubled
) -> Iterator[tuple[str, ...]]:
    """Yield the arguments that stand for texts; too long ones travel ahead, through a file."""
    if fit(texts):
        yield texts
        return
    content = " ".join(texts)
    path = "-"
    try:
        for begin in range(0, len(content), LONGEST):
            result = python(KEEP, (path, content[begin : begin + LONGEST]), USUAL)
            path = _place(result) or _raised(trouble(result, USUAL))
        yield (f"@{path}", _digest(content))
    except BaseException:  # an answer proves that the file is gone; all else does not
        if path != "-":
            with contextlib.suppress(RollbackError):
                python(DROP, (path,), SHORT)
        raise


def on_input(texts: tuple[str, ...]) -> tuple[tuple[str, str], bytes]:
    """Return arguments that stand for texts, and the standard input on which these travel."""
    content = " ".join(texts)
    return ("-", _digest(content)), content.encode("ascii")


def _place(result: Any) -> str:  # noqa: ANN401 - testinfra ships no types
    """Return where a piece was kept; "" where that was not said."""
    found = KEPT.search(result.stdout_bytes)
    return found[1].decode("utf-8", "surrogateescape") if found else ""


def _raised(error: RollbackError) -> str:
    raise error


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode("ascii")).hexdigest()
