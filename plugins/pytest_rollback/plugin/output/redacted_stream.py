"""The terminal of a session: what pytest writes, without the secrets of the run.

pytest has no hook for what it prints: tracebacks, captured output, warnings and its own errors go
to one file. It is replaced by one that takes secrets out of each text before it goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest


class RedactedStream:
    """A file that takes secrets out of what is written; all else is for the file behind it.

    Args:
        file: where the texts go.
        redact: takes the secrets out of one.
    """

    def __init__(self, file: TextIO, redact: Callable[[str], str]) -> None:
        self.file, self.redact = file, redact

    def write(self, text: str) -> int:
        """Write a text without secrets; return how many characters were given."""
        self.file.write(self.redact(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the file has
        return getattr(self.file, name)


def redact_terminal(config: pytest.Config, redact: Callable[[str], str]) -> None:
    """Have the terminal of a session show no secrets, until the session's configuration ends."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return
    writer = terminal._tw  # noqa: SLF001 - it has no other way in
    before = writer._file  # noqa: SLF001
    writer._file = RedactedStream(before, redact)  # noqa: SLF001

    def back() -> None:
        writer._file = before  # noqa: SLF001

    config.add_cleanup(back)
