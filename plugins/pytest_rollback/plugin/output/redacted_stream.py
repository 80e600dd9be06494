"""The terminal of a session: what pytest writes, without the secrets of the run.

pytest has no hook for what it prints: tracebacks, captured output, warnings and its own errors go
to one file. It is replaced by one that takes secrets out of each text before it goes on, and that
has the session go on where that file takes no more: a rollback is worth more than its words.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from pytest_rollback.plugin.stash import UNREAD
from pytest_rollback.progress.unprinted import complaint, give_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest


class RedactedStream:
    """A file that takes secrets out of what is written; all else is for the file behind it.

    Args:
        file: where the texts go.
        redact: takes the secrets out of one.
        lost: is told why the file behind it takes no more.
    """

    def __init__(
        self,
        file: TextIO,
        redact: Callable[[str], str],
        lost: Callable[[OSError], None] | None = None,
    ) -> None:
        self.file, self.redact, self.lost = file, redact, lost

    def write(self, text: str) -> int:
        """Write a text without secrets; return how many characters were given."""
        self._attempt(lambda: self.file.write(self.redact(text)))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Have the file behind it take what was written."""
        self._attempt(self.file.flush)

    def _attempt(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            if self.lost is None:
                raise
            give_up(self.file)
            self.lost(error)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the file has
        return getattr(self.file, name)


def redact_terminal(config: pytest.Config, redact: Callable[[str], str]) -> None:
    """Have the terminal of a session show no secrets, until the session's configuration ends."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return
    writer = terminal._tw  # noqa: SLF001 - it has no other way in
    before = writer._file  # noqa: SLF001

    def lost(error: OSError) -> None:
        if UNREAD not in config.stash:
            config.stash[UNREAD] = error
            sys.stderr.write(complaint(error))

    writer._file = RedactedStream(before, redact, lost)  # noqa: SLF001

    def back() -> None:
        writer._file = before  # noqa: SLF001

    config.add_cleanup(back)
