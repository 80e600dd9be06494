"""The formats that a result can be written in, as `--rollback-format` names them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pytest_rollback.errors import UsageError

EXAMPLE = "--rollback-format=json:PATH,prometheus:PATH,nagios"
PRINTED = {"nagios", "github"}
WRITTEN = {"json", "prometheus"}


class OutputFormat(NamedTuple):
    """One format.

    Args:
        kind: json, prometheus, nagios or github.
        path: the file that is written, relative to where pytest was called; None for those who
            read what is printed.
    """

    kind: str
    path: Path | None = None


def wanted(text: str) -> tuple[OutputFormat, ...]:
    """Return the formats that an option names.

    Raises:
        UsageError: one of them is unknown, or has a path too many or too few.
    """
    found = []
    for each in text.split(","):
        kind, colon, path = each.strip().partition(":")
        problem = ""
        if kind not in PRINTED | WRITTEN:
            problem = f"found {kind!r}, expected json, prometheus, nagios or github"
        elif (kind in PRINTED) == bool(colon) or (colon and not path):
            problem = f"found {each!r}: json and prometheus need a path, the others have none"
        if problem:
            raise UsageError(f"--rollback-format: {problem}", hint=f"for example {EXAMPLE}")
        found.append(OutputFormat(kind, Path(path) if path else None))
    if {each.kind for each in found} >= PRINTED:
        raise UsageError(
            "--rollback-format: nagios reads one line, and github several",
            hint="leave out one of both",
        )
    return tuple(found)
