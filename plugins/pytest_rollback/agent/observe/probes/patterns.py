"""Patterns of the manifest over what a peer answers: they come to an end, whatever he writes."""

from __future__ import annotations

import os
import re
import signal
import threading

from ..logs.timelimit import Slow, limited

PATIENCE = 1.0
"""Seconds for one pattern over one answer."""

SMALL = 1 << 14
"""Letters of a text over which an expression looks often enough whether its time is up."""

SPECIAL = frozenset("\\.^$*+?{}[]|()")
"""Characters that make an expression of a text."""


def found(pattern: str, text: str) -> bool:
    """Return whether a pattern matches somewhere in an answer.

    Raises:
        Slow: it did not come to an end; its words blame the pattern and the answer.
    """
    if not SPECIAL & set(pattern):
        return pattern in text
    try:
        is_main = threading.current_thread() is threading.main_thread()
        if len(text) > SMALL or not is_main:
            return _apart(pattern, text)
        with limited(PATIENCE):
            return re.search(pattern, text) is not None
    except Slow:
        size = f"{len(text):,} letters"
        raise Slow(
            f"the answer, {size}, keeps the pattern {pattern!r} busy for more than {PATIENCE:g} s: "
            "it is not judged; let no repetition of the pattern contain, or stand beside, another"
        ) from None


def _apart(pattern: str, text: str) -> bool:
    """Look in a fork: Python heeds a signal late in a long text, and in other threads never."""
    child = os.fork()
    if child == 0:
        code = 2
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
            code = int(re.search(pattern, text) is None)
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        raise Slow
    return os.WEXITSTATUS(status) == 0
