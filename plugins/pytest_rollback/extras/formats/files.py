"""Writes results to files atomically: readers get the complete old or new result."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_rollback.evidence.json_data import dump
from pytest_rollback.extras.formats.option import OutputFormat
from pytest_rollback.extras.formats.prometheus import prometheus
from pytest_rollback.run.extra_types import RunResult
from pytest_rollback.run.run_record import RunRecord


def write_all(wanted: Iterable[OutputFormat], result: RunResult) -> Iterator[str]:
    """Write the files that were asked for; yield why one of them cannot be written."""
    for each in wanted:
        if each.path is None:
            continue
        path = result.folder / each.path
        try:
            if each.kind == "json":
                write(path, as_json(result.record, result.code), 0o600)
            else:
                write(path, prometheus(result.record, result.code), 0o644)
        except OSError as error:
            yield f"{path} cannot be written: {error.strerror}\nHINT: correct --rollback-format"


def write(path: Path, text: str, mode: int) -> None:
    """Replace a file atomically.

    Raises:
        OSError: it cannot be written.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(fresh, flags, mode), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def as_json(record: RunRecord, code: int) -> str:
    """Return everything that the report states, and the exit code."""
    return json.dumps({**dump(record), "exit_code": code}, indent=2) + "\n"
